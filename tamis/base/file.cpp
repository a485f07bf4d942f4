#include "tamis/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cassert>
#include <cerrno>
#include <system_error>
#include <utility>

#include "tamis/base/error.h"

namespace tamis {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_file(const fs::path& path, std::string_view what, int error) {
  fail_world(path.string(), std::string(what) + ": " + system_message(error));
}

fs::path folder_of(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

// Writes all of the bytes; returns 0, or the errno that stopped it.
int write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

// Some file systems cannot sync a folder; the rename itself is atomic there all the same.
void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

AtomicFile::AtomicFile(fs::path target) : target_(std::move(target)) {
  if (target_.empty()) fail_caller("file", "the path of a file to write is empty");
  std::error_code ignored;
  const fs::file_status status = fs::status(target_, ignored);
  // A rename would replace a device such as /dev/null for the whole machine.
  if (fs::is_directory(status)) fail_world(target_.string(), "is a folder; the path of a file is needed");
  if (fs::exists(status) && !fs::is_regular_file(status))
    fail_world(target_.string(), "is not a regular file; nothing is written over it");
  static std::atomic<unsigned> made{0};
  temporary_ = target_;
  temporary_ += ".partial-" + std::to_string(::getpid()) + "-" + std::to_string(made++);
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_file(target_, "cannot be written", errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::string_view bytes) {
  assert(descriptor_ >= 0);
  if (const int error = write_all(descriptor_, bytes); error != 0) fail_file(target_, "cannot be written", error);
}

void AtomicFile::commit() {
  assert(descriptor_ >= 0);
  // Opened again, because a library that writes by path may have put another file in the place of ours.
  const int written = ::open(temporary_.c_str(), O_RDONLY | O_CLOEXEC);
  if (written < 0) fail_file(target_, "cannot be written", errno);
  const int error = ::fsync(written) == 0 ? 0 : errno;
  ::close(written);
  if (error != 0) fail_file(target_, "cannot be written", error);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail_file(target_, "cannot be written", errno);
  ::close(std::exchange(descriptor_, -1));
  sync_folder(folder_of(target_));
}

void write_file(const fs::path& path, std::string_view bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

namespace {

/// What an open file holds; closes it.
std::string read_open(const fs::path& path, int descriptor) {
  struct stat status {};
  std::string bytes;
  int error = ::fstat(descriptor, &status) == 0 ? 0 : errno;
  if (error == 0 && S_ISDIR(status.st_mode)) error = EISDIR;
  if (error == 0) bytes.reserve(static_cast<std::size_t>(status.st_size));
  std::string piece(1 << 16, '\0');
  while (error == 0) {
    const ssize_t count = ::read(descriptor, piece.data(), piece.size());
    if (count == 0) break;
    if (count > 0) {
      bytes.append(piece, 0, static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  ::close(descriptor);
  if (error != 0) fail_file(path, "cannot be read", error);
  return bytes;
}

}  // namespace

std::string read_file(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_file(path, "cannot be read", errno);
  return read_open(path, descriptor);
}

std::string read_regular_file(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe opens at once
  if (descriptor < 0) fail_file(path, "cannot be read", errno);
  struct stat status {};
  if (::fstat(descriptor, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
    ::close(descriptor);
    fail_world(path.string(), "is no regular file");
  }
  return read_open(path, descriptor);
}

void make_output_folder(const fs::path& path) {
  if (path.empty()) fail_caller("out", "the path of the output folder is empty");
  std::error_code ignored;
  for (fs::path part = path; !part.empty(); part = part.parent_path()) {
    const fs::file_status status = fs::status(part, ignored);
    if (fs::is_directory(status)) break;
    if (fs::exists(status)) {
      const std::string who = part == path ? "is" : "cannot be made: " + part.string() + " is";
      fail_caller(path.string(), who + " a file; a folder, or a path where one can be made, is needed");
    }
    if (part == part.parent_path()) break;
  }
  std::error_code error;
  fs::create_directories(path, error);
  if (!error) {
    // Tried, not asked: root passes every mode bit, and a read-only mount passes none.
    const fs::path probe = path / (".writable-" + std::to_string(::getpid()));
    const int descriptor = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor >= 0) {
      ::close(descriptor);
      ::unlink(probe.c_str());
      return;
    }
    error.assign(errno, std::generic_category());
  }
  if (error.value() == ENOSPC || error.value() == EDQUOT || error.value() == EIO)
    fail_file(path, "cannot be written", error.value());
  fail_caller(path.string(),
              "is not a folder that can be written: " + system_message(error.value()) + "; name one that can");
}

AppendFile::AppendFile(fs::path path, std::uint64_t keep_bytes) : path_(std::move(path)), size_(keep_bytes) {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_file(path_, "cannot be written", errno);
  struct stat status {};
  int error = ::fstat(descriptor_, &status) == 0 ? 0 : errno;
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const bool short_file = error == 0 && size < keep_bytes;
  if (error == 0 && size > keep_bytes && ::ftruncate(descriptor_, static_cast<off_t>(keep_bytes)) != 0) error = errno;
  if (error == 0 && ::fsync(descriptor_) != 0) error = errno;
  if (error == 0 && !short_file) return;
  ::close(descriptor_);
  if (short_file)
    fail_world(path_.string(), "holds " + std::to_string(size) + " bytes where " + std::to_string(keep_bytes) +
                                   " were to be kept; it was changed by somebody else");
  fail_file(path_, "cannot be written", error);
}

AppendFile::~AppendFile() {
  ::close(descriptor_);
}

void AppendFile::append(std::string_view line) {
  const std::string one(line);
  append(std::span(&one, 1));
}

void AppendFile::append(std::span<const std::string> lines) {
  std::string bytes;
  for (const std::string& line : lines) {
    assert(line.find('\n') == std::string::npos);
    bytes += line;
    bytes += '\n';
  }
  int error = write_all(descriptor_, bytes);
  if (error == 0 && ::fsync(descriptor_) != 0) error = errno;
  if (error != 0) {
    // A torn line must not stay before the next one; if even this fails, the reader drops a last line without an end.
    const bool whole = ::ftruncate(descriptor_, static_cast<off_t>(size_)) == 0;
    fail_file(path_, whole ? "cannot be written" : "cannot be written, and its last line is torn", error);
  }
  size_ += bytes.size();
}

}  // namespace tamis
