#include "tamis/language/encoder/weights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tamis/base/error.h"
#include "tamis/base/json_file.h"

namespace tamis::encoder {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "the file's numbers are little-endian, as the memory's");

constexpr std::uint64_t kLengthBytes = 8;
constexpr std::uint64_t kLongestHeader = 100'000'000;  // as the reference reader has it
constexpr std::string_view kSingle = "model.safetensors";
constexpr std::string_view kIndex = "model.safetensors.index.json";

/// A file in memory, page by page as it is used.
class Mapping {
 public:
  explicit Mapping(const fs::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe opens at once
    if (descriptor < 0) fail_world(path.string(), "cannot be read: " + system_message(errno));
    struct stat status {};
    ::fstat(descriptor, &status);
    if (!S_ISREG(status.st_mode)) {
      ::close(descriptor);
      fail_world(path.string(), "is no regular file; a safetensors file is needed");
    }
    size_ = static_cast<std::uint64_t>(status.st_size);
    if (size_ > 0) address_ = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    const int error = errno;
    ::close(descriptor);
    if (address_ == MAP_FAILED) fail_world(path.string(), "cannot be mapped into memory: " + system_message(error));
  }
  ~Mapping() {
    if (address_ != nullptr && address_ != MAP_FAILED) ::munmap(address_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  std::string_view bytes() const { return {static_cast<const char*>(address_), static_cast<std::size_t>(size_)}; }

 private:
  void* address_ = nullptr;
  std::uint64_t size_ = 0;
};

struct Stored {
  std::string name;
  std::string dtype;
  std::vector<std::int64_t> shape;
  std::string_view bytes;
  std::shared_ptr<const Mapping> mapping;
  std::string file;
};

/// Bytes of one number; 0 for a dtype that the format does not know.
std::uint64_t width_of(std::string_view dtype) {
  static const std::map<std::string_view, std::uint64_t> widths = {
      {"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8},  {"I32", 4},     {"I16", 2},    {"I8", 1},
      {"U64", 8}, {"U32", 4}, {"U16", 2}, {"U8", 1},   {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
  const auto found = widths.find(dtype);
  return found == widths.end() ? 0 : found->second;
}

/// The header of one file, read with distrust.
class Header {
 public:
  Header(const fs::path& path, std::shared_ptr<const Mapping> mapping)
      : file_(path.string()), mapping_(std::move(mapping)) {
    const std::string_view bytes = mapping_->bytes();
    std::uint64_t length = 0;
    if (bytes.size() < kLengthBytes) fail(fmt::format("is truncated: {} bytes are no safetensors file", bytes.size()));
    std::memcpy(&length, bytes.data(), kLengthBytes);
    if (length > kLongestHeader) fail(fmt::format("is no safetensors file: it claims a header of {} bytes", length));
    if (length > bytes.size() - kLengthBytes) {
      fail(fmt::format("is truncated: its header should have {} bytes, and {} are there", length,
                       bytes.size() - kLengthBytes));
    }
    text_ = bytes.substr(kLengthBytes, length);
    data_ = bytes.substr(kLengthBytes + length);
  }

  std::vector<Stored> tensors() const {
    const Json json = parsed();
    std::vector<Stored> all;
    for (const auto& [name, entry] : json.items()) {
      if (name != "__metadata__") all.push_back(tensor(name, entry));
    }
    // By where they lie: they must follow each other without a gap or an overlap, and fill the file.
    std::stable_sort(all.begin(), all.end(), [](const Stored& a, const Stored& b) {
      return a.bytes.data() != b.bytes.data() ? a.bytes.data() < b.bytes.data() : a.bytes.size() < b.bytes.size();
    });
    const char* end = data_.data();
    for (const Stored& one : all) {
      if (one.bytes.data() != end) fail(fmt::format("{} does not begin where the tensor before it ends", one.name));
      end += one.bytes.size();
    }
    if (end != data_.data() + data_.size()) {
      fail(fmt::format("is damaged: {} bytes behind its last tensor", data_.data() + data_.size() - end));
    }
    return all;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const { fail_world(file_, what); }

  /// A parser that builds as it goes would let a later name silently replace an earlier one, and could nest without
  /// end.
  Json parsed() const {
    std::set<std::string> names;
    std::string twice;
    const auto watch = [&](int depth, Json::parse_event_t event, Json& value) {
      if (depth > 4) fail("is damaged: its header is nested too deep");
      if (depth == 1 && event == Json::parse_event_t::key && !names.insert(value.get<std::string>()).second) {
        twice = value.get<std::string>();
      }
      return true;
    };
    Json json = Json::parse(text_.begin(), text_.end(), watch, false);
    if (!json.is_object()) fail("is damaged or no safetensors file: its header is no JSON object");
    if (!twice.empty()) fail(fmt::format("names {} twice", twice));
    return json;
  }

  Stored tensor(const std::string& name, const Json& entry) const {
    const auto bad = [&](std::string_view what) { fail(fmt::format("{}: {}", name, what)); };
    const auto whole = [](const Json& value) { return value.is_number_unsigned(); };
    if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") || !entry.contains("data_offsets") ||
        !entry["dtype"].is_string() || !entry["shape"].is_array() || !entry["data_offsets"].is_array() ||
        entry["data_offsets"].size() != 2 || !whole(entry["data_offsets"][0]) || !whole(entry["data_offsets"][1])) {
      bad("needs a dtype, a shape and two data_offsets");
    }
    Stored stored{name, entry["dtype"].get<std::string>(), {}, {}, mapping_, file_};
    std::uint64_t bytes = width_of(stored.dtype);
    if (bytes == 0) bad(fmt::format("has the dtype \"{}\", which is not known", stored.dtype));
    for (const Json& size : entry["shape"]) {
      if (!whole(size) || size.get<std::uint64_t>() > (std::uint64_t{1} << 40)) bad("has a shape that no tensor has");
      stored.shape.push_back(size.get<std::int64_t>());
      if (__builtin_mul_overflow(bytes, size.get<std::uint64_t>(), &bytes)) bad("has a shape that no file can hold");
    }
    const auto begin = entry["data_offsets"][0].get<std::uint64_t>();
    const auto end = entry["data_offsets"][1].get<std::uint64_t>();
    if (begin > end || end > data_.size()) {
      bad(fmt::format("lies at bytes {} to {}, and the file has {} of data: it is truncated or damaged", begin, end,
                      data_.size()));
    }
    if (end - begin != bytes) bad(fmt::format("has {} bytes, and its shape and dtype need {}", end - begin, bytes));
    stored.bytes = data_.substr(begin, bytes);
    return stored;
  }

  std::string file_;
  std::shared_ptr<const Mapping> mapping_;
  std::string_view text_, data_;
};

float from_f16(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t exponent = (half >> 10) & 31;
  const std::uint32_t fraction = half & 1023;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000U | (fraction << 13));
  if (exponent > 0) return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (fraction << 13));
  const float small = static_cast<float>(fraction) * 0x1p-24F;  // subnormal, exact in f32
  return sign != 0 ? -small : small;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::set<std::string> files_of_index(const fs::path& index) {
  const Json json = read_json_file(index);
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object()) {
    fail_world(index.string(), "is no JSON object with a \"weight_map\"");
  }
  std::set<std::string> files;
  for (const auto& [name, file] : json["weight_map"].items()) {
    // A shard lies beside its index; a path out of the folder is no shard.
    if (!file.is_string() || fs::path(file.get<std::string>()).filename() != file.get<std::string>()) {
      fail_world(index.string(), fmt::format("the file of {} is no file name", name));
    }
    files.insert(file.get<std::string>());
  }
  return files;
}

}  // namespace

struct WeightFile::Inside {
  std::vector<Stored> tensors;
  std::map<std::string, std::size_t, std::less<>> places;
  std::string where;
  std::uint64_t bytes = 0;

  void add(const fs::path& path) {
    const auto mapping = std::make_shared<const Mapping>(path);
    bytes += mapping->bytes().size();
    for (Stored& stored : Header(path, mapping).tensors()) {
      if (!places.emplace(stored.name, tensors.size()).second)
        fail_world(path.string(), fmt::format("holds {}, which another file of the folder holds too", stored.name));
      tensors.push_back(std::move(stored));
    }
  }
  const Stored* find(std::string_view name) const {
    const auto found = places.find(name);
    return found == places.end() ? nullptr : &tensors[found->second];
  }
};

WeightFile WeightFile::open(const fs::path& folder) {
  auto inside = std::make_shared<Inside>();
  inside->where = folder.string();
  if (fs::is_regular_file(folder)) {
    inside->add(folder);
  } else if (fs::exists(folder / kSingle)) {
    inside->add(folder / kSingle);
  } else if (fs::exists(folder / kIndex)) {
    for (const std::string& file : files_of_index(folder / kIndex)) {
      if (!fs::exists(folder / file))
        fail_world((folder / kIndex).string(), fmt::format("names {}, which is not there", file));
      inside->add(folder / file);
    }
  } else if (!fs::is_directory(folder)) {
    fail_world(folder.string(), "is not there; the folder of a model is needed");
  } else if (fs::exists(folder / "pytorch_model.bin")) {
    fail_world(folder.string(),
               "holds pytorch_model.bin, which is not read; save it as model.safetensors (save_pretrained does)");
  } else {
    fail_world(folder.string(), fmt::format("holds no weights: neither {} nor {}", kSingle, kIndex));
  }
  WeightFile file;
  file.inside_ = std::move(inside);
  return file;
}

bool WeightFile::has(std::string_view name) const {
  return inside_->find(name) != nullptr;
}

Floats WeightFile::floats(std::string_view name, const std::vector<std::int64_t>& shape) const {
  const Stored* const stored = inside_->find(name);
  if (stored == nullptr) fail_world(inside_->where, fmt::format("holds no {} {}", name, shape_text(shape)));
  if (stored->shape != shape) {
    fail_world(stored->file,
               fmt::format("{} is {}; the network needs {}", name, shape_text(stored->shape), shape_text(shape)));
  }
  const char* const data = stored->bytes.data();
  const std::size_t width = width_of(stored->dtype);
  const std::size_t count = stored->bytes.size() / width;
  if (stored->dtype == "F32" && std::bit_cast<std::uintptr_t>(data) % alignof(float) == 0) {
    return {{reinterpret_cast<const float*>(data), count}, stored->mapping};
  }
  auto values = std::make_shared<std::vector<float>>(count);
  if (stored->dtype == "F32") {
    if (count > 0) std::memcpy(values->data(), data, stored->bytes.size());
  } else if (stored->dtype == "F16" || stored->dtype == "BF16") {
    const bool half = stored->dtype == "F16";
    for (std::size_t i = 0; i < count; ++i) {
      std::uint16_t bits = 0;
      std::memcpy(&bits, data + i * width, width);
      (*values)[i] = half ? from_f16(bits) : std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
    }
  } else {
    fail_world(stored->file,
               fmt::format("{} has the dtype {}; weights are read as F32, F16 or BF16", name, stored->dtype));
  }
  return {*values, values};
}

std::vector<std::string> WeightFile::names() const {
  std::vector<std::string> all;
  for (const Stored& stored : inside_->tensors) all.push_back(stored.name);
  return all;
}

std::vector<std::int64_t> WeightFile::shape(std::string_view name) const {
  const Stored* const stored = inside_->find(name);
  return stored == nullptr ? std::vector<std::int64_t>() : stored->shape;
}

std::uint64_t WeightFile::bytes() const {
  return inside_->bytes;
}

}  // namespace tamis::encoder
