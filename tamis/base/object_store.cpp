#include "tamis/base/object_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "tamis/base/error.h"
#include "tamis/base/file.h"
#include "tamis/base/s3_store.h"

namespace tamis {

namespace {

namespace fs = std::filesystem;

/// The kernel's lock on a file that is there only while it is held, or was left by a killed process.
class FileLock final : public StoreLock {
 public:
  FileLock(fs::path path, const std::string& folder) : path_(std::move(path)) {
    while (true) {
      descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      if (descriptor_ < 0) fail_world(path_.string(), "cannot be written: " + system_message(errno));
      if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) fail_held(folder);
      if (still_there()) break;
      // Its holder removed it between our opening and our locking.
      ::close(descriptor_);
    }
    const std::string holder = std::to_string(::getpid());
    if (::ftruncate(descriptor_, 0) != 0 || ::pwrite(descriptor_, holder.data(), holder.size(), 0) < 0) {
      // The number is for a message alone.
    }
  }
  ~FileLock() override {
    ::unlink(path_.c_str());
    ::close(descriptor_);
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  [[noreturn]] void fail_held(const std::string& folder) {
    const int error = errno;
    ::close(descriptor_);
    if (error != EWOULDBLOCK) fail_world(path_.string(), "cannot be locked: " + system_message(error));
    std::string holder = read_file(path_);
    holder = holder.empty() || holder.size() > 20 ? "another process" : "process " + holder;
    fail_world(folder,
               "is being built by " + holder + "; this build leaves it alone, try again when that one has ended");
  }
  bool still_there() const {
    struct stat held {};
    struct stat named {};
    return ::fstat(descriptor_, &held) == 0 && ::stat(path_.c_str(), &named) == 0 && held.st_ino == named.st_ino &&
           held.st_dev == named.st_dev;
  }

  fs::path path_;
  int descriptor_ = -1;
};

class LocalStore final : public ObjectStore {
 public:
  explicit LocalStore(const std::string& root) : ObjectStore(root), root_(root) {}

  std::vector<StoredFile> list(const std::string& folder) const override {
    std::vector<StoredFile> files;
    std::error_code error;
    const fs::path at = root_ / folder;
    if (!fs::exists(at, error)) return files;
    for (fs::recursive_directory_iterator i(at, error), end; !error && i != end; i.increment(error)) {
      std::error_code gone;
      if (!i->is_regular_file(gone)) continue;
      const std::uint64_t bytes = i->file_size(gone);
      if (!gone) files.push_back({fs::path(i->path()).lexically_relative(root_).generic_string(), bytes});
    }
    if (error) fail_world(at.string(), "cannot be read: " + error.message());
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return files;
  }

  std::vector<std::string> folders(const std::string& folder) const override {
    std::vector<std::string> names;
    std::error_code error;
    const fs::path at = root_ / folder;
    if (!fs::exists(at, error)) return names;
    for (fs::directory_iterator i(at, error), end; !error && i != end; i.increment(error)) {
      std::error_code gone;
      if (i->is_directory(gone)) names.push_back(i->path().filename().string());
    }
    if (error) fail_world(at.string(), "cannot be read: " + error.message());
    std::sort(names.begin(), names.end());
    return names;
  }

  bool holds(const std::string& path) const override {
    std::error_code error;
    return fs::exists(root_ / path, error);
  }

  std::string read(const std::string& path) const override { return read_regular_file(root_ / path); }

  void write(const std::string& path, const std::string& bytes) override {
    make_folder(fs::path(path).parent_path());
    write_file(root_ / path, bytes);
  }

  void remove(const std::string& path) override {
    std::error_code error;
    fs::remove(root_ / path, error);
    if (error) fail_world(where(path), "cannot be removed: " + error.message());
  }

  std::unique_ptr<StoreLock> lock(const std::string& folder) override {
    make_folder(folder);
    return std::make_unique<FileLock>(root_ / folder / ".lock", where(folder));
  }

 private:
  void make_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(root_ / folder, error);
    if (error) fail_world((root_ / folder).string(), "cannot be made: " + error.message());
  }

  fs::path root_;
};

}  // namespace

std::string ObjectStore::where(std::string_view path) const {
  return name_.ends_with('/') ? name_ + std::string(path) : name_ + "/" + std::string(path);
}

std::unique_ptr<ObjectStore> open_store(const std::string& root, bool create) {
  if (root.empty()) fail_caller("root", "the path is empty; a folder or s3://BUCKET/PREFIX is needed");
  if (root.starts_with("s3://")) return open_s3_store(root);
  const std::size_t scheme = root.find("://");
  if (scheme != std::string::npos)
    fail_caller(root.substr(0, scheme + 3), "is no kind of root; a folder or s3://BUCKET/PREFIX is needed");
  if (create) make_output_folder(root);
  std::error_code ignored;
  if (!fs::is_directory(root, ignored)) fail_world(root, "is not a folder that is there");
  return std::make_unique<LocalStore>(root);
}

}  // namespace tamis
