#include "tamis/base/byte_stream.h"

#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <optional>
#include <string_view>

#include "tamis/base/error.h"

namespace tamis {

namespace {

using namespace std::string_view_literals;

struct Mark {
  std::string_view bytes;
  std::string_view what;
  std::string_view remedy;
};

constexpr std::array kMarks = {
    Mark{"PAR1"sv, "Parquet", "name it .parquet"},
    Mark{"\x1F\x8B"sv, "gzip", "name it with .gz at the end"},
    Mark{"\x28\xB5\x2F\xFD"sv, "zstd", "name it with .zst at the end"},
    Mark{"PK\x03\x04"sv, "a zip archive", "unpack it first"},
    Mark{"\xFF\xFE"sv, "UTF-16", "save it as UTF-8"},
    Mark{"\xFE\xFF"sv, "UTF-16", "save it as UTF-8"},
};

std::optional<arrow::Compression::type> compression(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  if (extension == ".gz") return arrow::Compression::GZIP;
  if (extension == ".zst") return arrow::Compression::ZSTD;
  return std::nullopt;
}

// Arrow puts several lines and its own source positions into a message; ours have one line.
std::string first_line(const std::string& message) {
  return message.substr(0, message.find('\n'));
}

void check_stored(const std::string& name, std::string_view start, std::optional<arrow::Compression::type> packed) {
  if (!packed) return;
  const bool gzip = *packed == arrow::Compression::GZIP;
  const std::string_view wanted = gzip ? kMarks[1].bytes : kMarks[2].bytes;
  if (start.substr(0, wanted.size()) == wanted.substr(0, start.size())) return;
  fail_world(name,
             fmt::format("is not {0}, whatever its name says; a file compressed by {0}, or the plain file without "
                         "{1} in its name, is needed",
                         gzip ? "gzip" : "zstd", gzip ? ".gz" : ".zst"));
}

void check_text(const std::string& name, std::string_view start, ByteStream::Content content) {
  const bool doubtful = content == ByteStream::Content::lines && start.substr(0, 4).find('\0') == start.npos;
  for (const Mark& mark : kMarks)
    if (start.substr(0, mark.bytes.size()) == mark.bytes && !(doubtful && mark.what == "UTF-16"))
      fail_world(name, fmt::format("holds {}, not text; {}", mark.what, mark.remedy));
}

}  // namespace

struct ByteStream::Compressed {
  std::shared_ptr<arrow::io::ReadableFile> file;
  std::unique_ptr<arrow::util::Codec> codec;
  std::shared_ptr<arrow::io::CompressedInputStream> stream;
};

std::uint64_t require_file(const std::filesystem::path& path, bool not_empty) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail_world(path.string(), "cannot be read: " + system_message(errno));
  if (S_ISDIR(status.st_mode)) fail_world(path.string(), "is a folder; a file is needed");
  if (not_empty && S_ISREG(status.st_mode) && status.st_size == 0) fail_world(path.string(), "is empty");
  return static_cast<std::uint64_t>(status.st_size);
}

ByteStream::ByteStream(const std::filesystem::path& path, Content content) : name_(path.string()), content_(content) {
  if (path == "-") {
    name_ = "standard input";
    counts_ = true;
    descriptor_ = ::dup(STDIN_FILENO);
    if (descriptor_ < 0) fail_world(name_, "cannot be read: " + system_message(errno));
    return;
  }
  const auto packed = compression(path);
  stored_bytes_ = require_file(path, content_ == Content::text || packed);
  if (!packed) {
    descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor_ < 0) fail_world(name_, "cannot be read: " + system_message(errno));
    return;
  }
  auto made = std::make_unique<Compressed>();
  auto file = arrow::io::ReadableFile::Open(path.string());
  if (!file.ok()) fail_world(name_, "cannot be read: " + first_line(file.status().message()));
  made->file = *file;
  std::array<char, 4> start{};
  const auto count = made->file->Read(static_cast<std::int64_t>(start.size()), start.data());
  if (!count.ok()) fail_world(name_, "cannot be read: " + first_line(count.status().message()));
  const arrow::Status rewound = made->file->Seek(0);
  if (!rewound.ok()) fail_world(name_, "cannot be read: " + first_line(rewound.message()));
  check_stored(name_, {start.data(), static_cast<std::size_t>(*count)}, packed);
  auto codec = arrow::util::Codec::Create(*packed);
  if (!codec.ok()) fail_world(name_, "cannot be decompressed: " + first_line(codec.status().message()));
  made->codec = std::move(*codec);
  auto stream = arrow::io::CompressedInputStream::Make(made->codec.get(), made->file);
  if (!stream.ok()) fail_world(name_, "cannot be decompressed: " + first_line(stream.status().message()));
  made->stream = *stream;
  compressed_ = std::move(made);
}

ByteStream::~ByteStream() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::size_t ByteStream::read_some(char* to, std::size_t size) {
  if (compressed_) {
    const auto count = compressed_->stream->Read(static_cast<std::int64_t>(size), to);
    if (!count.ok()) fail_world(name_, "is cut short or corrupt: " + first_line(count.status().message()));
    return static_cast<std::size_t>(*count);
  }
  while (true) {
    const ssize_t count = ::read(descriptor_, to, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) fail_world(name_, "cannot be read: " + system_message(errno));
  }
}

std::size_t ByteStream::read(char* to, std::size_t size) {
  std::size_t filled = 0;
  while (filled < size) {
    const std::size_t count = read_some(to + filled, size - filled);
    if (count == 0) break;
    filled += count;
  }
  if (!started_) {
    started_ = true;
    if (filled == 0 && content_ == Content::text)
      fail_world(name_, compressed_ ? "holds nothing once decompressed" : "is empty");
    check_text(name_, {to, filled}, content_);
  }
  if (counts_) stored_bytes_ += filled;
  return filled;
}

std::string read_decompressed(const std::filesystem::path& path) {
  ByteStream stream(path);
  std::string bytes;
  std::size_t filled = 0;
  while (true) {
    bytes.resize(filled + (std::size_t{1} << 20));
    const std::size_t count = stream.read(bytes.data() + filled, bytes.size() - filled);
    filled += count;
    if (filled < bytes.size()) break;
  }
  bytes.resize(filled);
  return bytes;
}

}  // namespace tamis
