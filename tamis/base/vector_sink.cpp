#include "tamis/base/vector_sink.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>

#include "tamis/base/error.h"

namespace tamis {

namespace {

static_assert(std::endian::native == std::endian::little, "files of vectors are little-endian, written as they lie");

constexpr std::size_t kPiece = std::size_t{1} << 20;
// numpy aligns the data to 64 bytes; two such blocks hold any shape, known or not.
constexpr std::size_t kNpyHead = 128;

std::string_view as_bytes(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

std::string npy_head(const VectorLayout& layout, std::uint64_t rows) {
  const bool bits = layout.type == VectorType::bits;
  const char* type = layout.type == VectorType::f32 ? "<f4" : bits ? "|u1" : "|i1";
  const std::int64_t width = bits ? (layout.dimensions + 7) / 8 : layout.dimensions;
  std::string head("\x93NUMPY\x01\x00", 8);
  head += static_cast<char>((kNpyHead - 10) & 0xFF);
  head += static_cast<char>((kNpyHead - 10) >> 8);
  head += fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}, {}), }}", type, rows, width);
  head.resize(kNpyHead - 1, ' ');
  return head + '\n';
}

class NpySink final : public VectorSink {
 public:
  NpySink(const std::filesystem::path& target, const VectorLayout& layout, AtomicFile& file)
      : target_(target.string()), layout_(layout), file_(file) {
    file_.write(npy_head(layout_, 0));
  }

  void write(const VectorRows& rows) override {
    file_.write(as_bytes(rows.f32));
    file_.write({reinterpret_cast<const char*>(rows.bytes.data()), rows.bytes.size()});
  }

  // How many rows there are is known only now.
  void finish(std::uint64_t rows) override {
    const std::string head = npy_head(layout_, rows);
    const int descriptor = ::open(file_.temporary().c_str(), O_WRONLY | O_CLOEXEC);
    int error = descriptor < 0 ? errno : 0;
    if (error == 0 && ::pwrite(descriptor, head.data(), head.size(), 0) != static_cast<ssize_t>(head.size()))
      error = errno == 0 ? EIO : errno;
    if (descriptor >= 0) ::close(descriptor);
    if (error != 0) fail_world(target_, "cannot be written: " + system_message(error));
  }

 private:
  std::string target_;
  const VectorLayout& layout_;
  AtomicFile& file_;
};

class FvecsSink final : public VectorSink {
 public:
  FvecsSink(const VectorLayout& layout, AtomicFile& file) : layout_(layout), file_(file) {}

  void write(const VectorRows& rows) override {
    const auto width = static_cast<std::int32_t>(layout_.dimensions);
    std::string out;
    for (std::size_t i = 0; i < rows.count; ++i) {
      out.append(reinterpret_cast<const char*>(&width), sizeof width);
      out.append(as_bytes(rows.f32.subspan(i * static_cast<std::size_t>(width), static_cast<std::size_t>(width))));
      if (out.size() < kPiece) continue;
      file_.write(out);
      out.clear();
    }
    file_.write(out);
  }
  void finish(std::uint64_t) override {}

 private:
  const VectorLayout& layout_;
  AtomicFile& file_;
};

class JsonlSink final : public VectorSink {
 public:
  JsonlSink(const VectorLayout& layout, AtomicFile& file) : layout_(layout), file_(file) {}

  void write(const VectorRows& rows) override {
    std::string out;
    for (std::size_t i = 0; i < rows.count; ++i) {
      append(out, rows, i);
      if (out.size() < kPiece) continue;
      file_.write(out);
      out.clear();
    }
    file_.write(out);
  }
  void finish(std::uint64_t) override {}

 private:
  void append(std::string& out, const VectorRows& rows, std::size_t i) const {
    const auto to = std::back_inserter(out);
    fmt::format_to(to, "{{\"row\":{}", rows.first + i);
    for (std::size_t n = 0; n < layout_.notes.size(); ++n) {
      const std::int64_t value = rows.notes[i * layout_.notes.size() + n];
      fmt::format_to(to, ",\"{}\":", layout_.notes[n].name);
      if (layout_.notes[n].flag) {
        out += value != 0 ? "true" : "false";
      } else {
        fmt::format_to(to, "{}", value);
      }
    }
    if (layout_.type == VectorType::int8) fmt::format_to(to, ",\"scale\":{}", rows.scale[i]);
    out += ",\"vector\":[";
    const std::size_t width =
        layout_.type == VectorType::f32 ? static_cast<std::size_t>(layout_.dimensions) : rows.width;
    for (std::size_t c = 0; c < width; ++c) {
      if (c > 0) out += ',';
      if (layout_.type == VectorType::f32) {
        fmt::format_to(to, "{}", rows.f32[i * width + c]);
      } else if (layout_.type == VectorType::int8) {
        fmt::format_to(to, "{}", static_cast<int>(static_cast<std::int8_t>(rows.bytes[i * width + c])));
      } else {
        fmt::format_to(to, "{}", static_cast<unsigned>(rows.bytes[i * width + c]));
      }
    }
    out += "]}\n";
  }

  const VectorLayout& layout_;
  AtomicFile& file_;
};

}  // namespace

std::unique_ptr<VectorSink> make_plain_sink(VectorFormat format, const std::filesystem::path& target,
                                            const VectorLayout& layout, AtomicFile& file) {
  if (format == VectorFormat::npy) return std::make_unique<NpySink>(target, layout, file);
  if (format == VectorFormat::fvecs) return std::make_unique<FvecsSink>(layout, file);
  return std::make_unique<JsonlSink>(layout, file);
}

}  // namespace tamis
