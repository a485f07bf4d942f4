#include "tamis/engine/train/checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/random.h"
#include "tamis/engine/tensor/visit.h"

namespace tamis::train {

namespace {

using Json = nlohmann::ordered_json;
using engine::DType;

static_assert(std::endian::native == std::endian::little, "the file's numbers are little-endian, as the memory's");

constexpr std::string_view kVersion = "1";
constexpr std::string_view kBlank = "0000000000000000";
constexpr std::size_t kLengthBytes = 8;

constexpr std::array kTypes = {std::pair{DType::f32, "F32"}, std::pair{DType::f64, "F64"}, std::pair{DType::i32, "I32"},
                               std::pair{DType::i64, "I64"}, std::pair{DType::boolean, "BOOL"}};

std::string_view type_name(DType dtype) {
  return std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& type) { return type.first == dtype; })->second;
}

std::string_view bytes_of(const Tensor& packed) {
  return engine::visit(packed.dtype(), [&](auto tag) {
    const auto values = packed.span<typename decltype(tag)::type>();
    return std::string_view(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  });
}

/// Where the digits of the checksum stand in a header; npos if they do not.
std::size_t checksum_place(std::string_view header) {
  constexpr std::string_view key = "\"checksum\":\"";
  const std::size_t found = header.find(key);
  if (found == std::string_view::npos || found + key.size() + kBlank.size() > header.size()) return header.npos;
  return found + key.size();
}

/// Of a header whose own digits are blank, and the data behind it.
std::string checksum(std::string_view header, const std::vector<std::string_view>& data) {
  std::uint64_t hash = fnv1a(header);
  for (const std::string_view piece : data) hash = fnv1a(piece, hash);
  return fmt::format("{:016x}", hash);
}

Json header_of(const Checkpoint& checkpoint, const std::vector<std::string_view>& data) {
  Json header;
  Json& metadata = header["__metadata__"];
  metadata = {{"format", "tamis"}, {"version", kVersion}, {"checksum", kBlank}};
  for (const auto& [key, text] : checkpoint.texts) {
    assert(!metadata.contains(key));
    metadata[key] = text;
  }
  std::size_t offset = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    const auto& [name, tensor] = checkpoint.tensors[i];
    header[name] = {{"dtype", type_name(tensor.dtype())},
                    {"shape", std::vector<std::int64_t>(tensor.shape().begin(), tensor.shape().end())},
                    {"data_offsets", {offset, offset + data[i].size()}}};
    offset += data[i].size();
  }
  return header;
}

/// A safetensors file whose parts have been found, but not yet believed.
struct Opened {
  std::string where;
  std::string header;
  std::string_view data;

  [[noreturn]] void fail(std::string_view what) const { fail_world(where, what); }
};

Opened open(const std::filesystem::path& path, std::string_view bytes) {
  Opened file{path.string(), "", {}};
  std::uint64_t length = 0;
  if (bytes.size() < kLengthBytes) {
    file.fail(fmt::format("is truncated: {} bytes, and a checkpoint has more", bytes.size()));
  }
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > bytes.size() - kLengthBytes) {
    file.fail(fmt::format("is truncated or no checkpoint: its header should have {} bytes, and {} are there", length,
                          bytes.size() - kLengthBytes));
  }
  file.header = bytes.substr(kLengthBytes, length);
  file.data = bytes.substr(kLengthBytes + length);
  return file;
}

Json believed_header(const Opened& file) {
  const Json header = Json::parse(file.header, nullptr, false);
  if (!header.is_object() || !header.contains("__metadata__") || !header["__metadata__"].is_object()) {
    file.fail("is damaged or no checkpoint: its header is no JSON object with \"__metadata__\"");
  }
  const Json& metadata = header["__metadata__"];
  if (metadata.value("format", "") != "tamis") file.fail("is no checkpoint of tamis, or damaged");
  if (metadata.value("version", "") != kVersion) {
    file.fail(fmt::format("has version {} of the format; this tamis reads version {}",
                          metadata.contains("version") ? metadata["version"].dump() : "none", kVersion));
  }
  return header;
}

/// The extents must lie end to end and fill the data; then what the header says of them is checked.
void require_extents(const Opened& file, const Json& header) {
  std::size_t end = 0;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    end = std::max(end, entry.at("data_offsets").at(1).get<std::size_t>());
  }
  if (end != file.data.size()) {
    file.fail(
        fmt::format("is truncated or damaged: {} bytes of tensors are there, {} should be", file.data.size(), end));
  }
}

void require_checksum(const Opened& file, const std::string& written) {
  const std::size_t place = checksum_place(file.header);
  if (place == std::string::npos || written.size() != kBlank.size()) file.fail("is damaged: it holds no checksum");
  std::string blank = file.header;
  blank.replace(place, kBlank.size(), kBlank);
  if (checksum(blank, {file.data}) != written) {
    file.fail("is damaged: its bytes do not match their checksum; resume from another checkpoint");
  }
}

nn::Buffer read_tensor(const Opened& file, const std::string& name, const Json& entry) {
  const auto sizes = entry.at("shape").get<std::vector<std::int64_t>>();
  const auto type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& known) {
    return known.second == entry.at("dtype").get_ref<const std::string&>();
  });
  const auto begin = entry.at("data_offsets").at(0).get<std::size_t>();
  const auto end = entry.at("data_offsets").at(1).get<std::size_t>();
  if (type == kTypes.end()) file.fail(fmt::format("{} has a type that is not known", name));
  Tensor tensor{engine::Shape(std::span<const std::int64_t>(sizes)), type->first};
  if (end < begin || end > file.data.size() || end - begin != tensor.bytes()) {
    file.fail(fmt::format("{} {} does not fill its bytes {} to {}", name, tensor.text(), begin, end));
  }
  engine::visit(type->first, [&](auto tag) {
    auto values = tensor.span<typename decltype(tag)::type>();
    std::memcpy(values.data(), file.data.data() + begin, end - begin);
  });
  return {name, tensor};
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint) {
  std::vector<Tensor> packed;
  std::vector<std::string_view> data;
  for (const nn::Buffer& entry : checkpoint.tensors) packed.push_back(entry.tensor.packed());
  for (const Tensor& tensor : packed) data.push_back(bytes_of(tensor));
  std::string header = header_of(checkpoint, data).dump();
  header.resize((header.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
  header.replace(checksum_place(header), kBlank.size(), checksum(header, data));
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write({reinterpret_cast<const char*>(&length), kLengthBytes});
  file.write(header);
  for (const std::string_view piece : data) file.write(piece);
  file.commit();
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  const Opened file = open(path, bytes);
  const Json header = believed_header(file);
  Checkpoint checkpoint;
  try {
    require_extents(file, header);
    require_checksum(file, header["__metadata__"].value("checksum", ""));
    for (const auto& [name, entry] : header.items()) {
      if (name != "__metadata__") checkpoint.tensors.push_back(read_tensor(file, name, entry));
    }
    for (const auto& [key, text] : header["__metadata__"].items()) {
      if (key != "format" && key != "version" && key != "checksum") checkpoint.texts[key] = text.get<std::string>();
    }
  } catch (const Json::exception&) {
    file.fail("is damaged: its header does not describe its tensors");
  } catch (const std::invalid_argument& error) {
    file.fail(std::string("is damaged: ") + error.what());
  }
  return checkpoint;
}

void restore(const Checkpoint& checkpoint, const std::vector<nn::Buffer>& into, const std::filesystem::path& path) {
  std::map<std::string_view, const Tensor*> stored;
  for (const nn::Buffer& entry : checkpoint.tensors) stored.emplace(entry.name, &entry.tensor);
  for (const nn::Buffer& entry : into) {
    const auto found = stored.find(entry.name);
    if (found == stored.end()) {
      fail_caller(path.string(),
                  fmt::format("holds no {}, which this network has as {}", entry.name, entry.tensor.text()));
    }
    if (found->second->shape() != entry.tensor.shape() || found->second->dtype() != entry.tensor.dtype()) {
      fail_caller(path.string(), fmt::format("{} is {} in the checkpoint, {} in this network", entry.name,
                                             found->second->text(), entry.tensor.text()));
    }
  }
  if (stored.size() > into.size()) {
    for (const nn::Buffer& entry : into) stored.erase(entry.name);
    fail_caller(path.string(), fmt::format("holds {}, which this network has not", stored.begin()->first));
  }
  for (const nn::Buffer& entry : into) {
    Tensor target = entry.tensor;
    target.assign(*stored.at(entry.name));
  }
}

}  // namespace tamis::train
