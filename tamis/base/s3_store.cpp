#include "tamis/base/s3_store.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "tamis/base/error.h"
#include "tamis/base/file.h"

namespace tamis {

namespace {

constexpr int kLooks = 40;
constexpr auto kPause = std::chrono::milliseconds(50);
constexpr std::string_view kClaim = "lock-";

/// The wheel keeps S3 in a library of its own beside Arrow's: loaded when first asked for, so that nobody else pays.
void load_s3() {
  static std::once_flag once;
  std::call_once(once, [] {
    Dl_info arrow{};
    if (::dladdr(reinterpret_cast<void*>(&arrow::fs::EnsureFinalized), &arrow) == 0) return;
    std::string path = arrow.dli_fname;
    const std::size_t name = path.rfind("libarrow");
    if (name == std::string::npos) return;
    path.insert(name + std::string_view("libarrow").size(), "_s3");
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return;  // then Arrow has it inside, or not at all
    const arrow::Status loaded = arrow::fs::LoadFileSystemFactories(path.c_str());
    if (!loaded.ok()) fail_world(path, "cannot be loaded: " + loaded.message());
  });
}

/// To be called when S3 has been started: what it made for itself is then older than this, and outlives the call.
void end_s3_at_exit() {
  static const bool registered = std::atexit([] { arrow::fs::EnsureFinalized(); }) == 0;
  static_cast<void>(registered);
}

/// What tells a process of this machine from all others: the boot, the space of process numbers, the number.
std::string this_machine() {
  std::error_code ignored;
  const std::string space = std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
  std::string boot;
  try {
    boot = read_file("/proc/sys/kernel/random/boot_id");
  } catch (const std::runtime_error&) {
    return "";  // no such file: claims of the dead are then left to people
  }
  boot.erase(std::remove(boot.begin(), boot.end(), '\n'), boot.end());
  return boot + " " + space;
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

/// "s3://bucket/prefix" without credentials and options.
std::string public_name(const std::string& root) {
  const std::string uri = root.substr(0, root.find('?'));
  const std::string_view scheme = "s3://";
  const std::size_t slash = uri.find('/', scheme.size());
  const std::size_t at = uri.rfind('@', slash == std::string::npos ? uri.size() : slash);
  std::string name = at == std::string::npos || at < scheme.size() ? uri : std::string(scheme) + uri.substr(at + 1);
  while (name.size() > scheme.size() && name.ends_with('/')) name.pop_back();
  return name;
}

class S3Store final : public ObjectStore {
 public:
  S3Store(const std::string& name, std::shared_ptr<arrow::fs::FileSystem> files, std::string root)
      : ObjectStore(name), files_(std::move(files)), root_(std::move(root)) {}

  std::vector<StoredFile> list(const std::string& folder) const override {
    std::vector<StoredFile> found;
    for (const arrow::fs::FileInfo& file : look(folder, true))
      if (file.IsFile()) found.push_back({relative(file.path()), static_cast<std::uint64_t>(file.size())});
    std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
    return found;
  }

  std::vector<std::string> folders(const std::string& folder) const override {
    std::vector<std::string> names;
    for (const arrow::fs::FileInfo& file : look(folder, false))
      if (file.IsDirectory()) names.push_back(file.base_name());
    std::sort(names.begin(), names.end());
    return names;
  }

  bool holds(const std::string& path) const override {
    auto info = files_->GetFileInfo(key(path));
    require(info.status(), path, "cannot be read");
    return info->type() != arrow::fs::FileType::NotFound;
  }

  std::string read(const std::string& path) const override {
    auto stream = files_->OpenInputFile(key(path));
    require(stream.status(), path, "cannot be read");
    auto size = (*stream)->GetSize();
    require(size.status(), path, "cannot be read");
    auto bytes = (*stream)->ReadAt(0, *size);
    require(bytes.status(), path, "cannot be read");
    if ((*bytes)->size() != *size) fail_world(where(path), "cannot be read: the server sent less than it has");
    return (*bytes)->ToString();
  }

  void write(const std::string& path, const std::string& bytes) override {
    auto stream = files_->OpenOutputStream(key(path));
    require(stream.status(), path, "cannot be written");
    arrow::Status status = (*stream)->Write(bytes.data(), static_cast<std::int64_t>(bytes.size()));
    if (status.ok()) {
      status = (*stream)->Close();
    } else {
      static_cast<void>((*stream)->Abort());
    }
    require(status, path, "cannot be written");
  }

  void remove(const std::string& path) override {
    if (holds(path)) require(files_->DeleteFile(key(path)), path, "cannot be removed");
  }

  std::unique_ptr<StoreLock> lock(const std::string& folder) override;

  /// Removes a file if that can be done, in one request: a server that is gone is not waited for twice.
  void try_to_remove(const std::string& path) noexcept {
    try {
      static_cast<void>(files_->DeleteFile(key(path)));
    } catch (...) {
      // The next builder finds the claim of a dead process.
    }
  }

 private:
  std::string key(const std::string& path) const { return path.empty() ? root_ : root_ + "/" + path; }
  std::string relative(const std::string& path) const { return path.substr(root_.size() + 1); }

  std::vector<arrow::fs::FileInfo> look(const std::string& folder, bool deep) const {
    arrow::fs::FileSelector selector;
    selector.base_dir = key(folder);
    selector.recursive = deep;
    selector.allow_not_found = true;
    auto found = files_->GetFileInfo(selector);
    require(found.status(), folder, "cannot be listed");
    return *found;
  }

  void require(const arrow::Status& status, std::string_view path, std::string_view what) const {
    if (status.ok()) return;
    const std::string message = status.message();
    fail_world(path.empty() ? name() : where(path), fmt::format("{}: {}", what, message.substr(0, message.find('\n'))));
  }

  std::shared_ptr<arrow::fs::FileSystem> files_;
  std::string root_;  // bucket and prefix
};

/// A claim in a bucket; ObjectStore::lock has the protocol.
class Claim final : public StoreLock {
 public:
  Claim(S3Store& store, std::string folder) : store_(store), folder_(std::move(folder)), machine_(this_machine()) {
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    name_ = fmt::format("{}/{}{}-{}-{:x}", folder_, kClaim, host_name(), ::getpid(), now);
    store_.write(name_, fmt::format("{}\n{}\n{}\n", host_name(), ::getpid(), machine_));
    try {
      take();
    } catch (...) {
      withdraw();
      throw;
    }
  }
  ~Claim() override { withdraw(); }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  struct Other {
    std::string name, host, process;
  };

  void take() {
    std::vector<Other> others;
    for (int look = 0; look < kLooks; ++look) {
      others = living();
      if (others.empty()) return;
      // A claim that sorts after ours withdraws at its first look, unless it was there alone before and holds.
      if (others.front().name < name_) break;
      std::this_thread::sleep_for(kPause);
    }
    const Other& other = others.front();
    fail_world(
        store_.where(folder_),
        fmt::format("is being built by process {} on {}; this build leaves it alone, try again when that one has "
                    "ended (if it is dead, remove its claim {})",
                    other.process, other.host, store_.where(other.name)));
  }

  std::vector<Other> living() {
    std::vector<Other> others;
    for (const StoredFile& file : store_.list(folder_)) {
      if (!file.path.starts_with(folder_ + "/" + std::string(kClaim)) || file.path == name_) continue;
      Other other{file.path, "a machine unknown", "(unknown)"};
      std::string machine;
      try {
        const std::string text = store_.read(file.path);
        const std::size_t first = text.find('\n');
        const std::size_t second = text.find('\n', first + 1);
        if (first != std::string::npos && second != std::string::npos) {
          other.host = text.substr(0, first);
          other.process = text.substr(first + 1, second - first - 1);
          machine = text.substr(second + 1, text.find('\n', second + 1) - second - 1);
        }
      } catch (const std::runtime_error&) {
        if (!store_.holds(file.path)) continue;  // withdrawn meanwhile
        throw;
      }
      if (dead(machine, other.process)) {
        store_.remove(file.path);
      } else {
        others.push_back(std::move(other));
      }
    }
    return others;
  }

  bool dead(const std::string& machine, const std::string& process) const {
    if (machine_.empty() || machine != machine_) return false;
    const long number = std::strtol(process.c_str(), nullptr, 10);
    return number > 0 && ::kill(static_cast<pid_t>(number), 0) != 0 && errno == ESRCH;
  }

  void withdraw() noexcept { store_.try_to_remove(name_); }

  S3Store& store_;
  std::string folder_, machine_, name_;
};

std::unique_ptr<StoreLock> S3Store::lock(const std::string& folder) {
  return std::make_unique<Claim>(*this, folder);
}

}  // namespace

std::unique_ptr<ObjectStore> open_s3_store(const std::string& root) {
  const std::string name = public_name(root);
  if (name == "s3://" || name.starts_with("s3:///")) fail_caller(name, "names no bucket; s3://BUCKET/PREFIX is needed");
  load_s3();
  std::string uri = root;
  // With it a file of less than 10 MiB is one PUT, and not an upload of several requests.
  if (uri.find("allow_delayed_open=") == std::string::npos)
    uri += (uri.find('?') == std::string::npos ? "?" : "&") + std::string("allow_delayed_open=true");
  std::string path;
  auto files = arrow::fs::FileSystemFromUri(uri, &path);
  end_s3_at_exit();
  if (!files.ok()) {
    const std::string message = files.status().message().substr(0, files.status().message().find('\n'));
    if (files.status().IsInvalid()) fail_caller(name, "is no root that S3 can open: " + message);
    fail_world(name, "cannot be opened: " + message);
  }
  while (path.ends_with('/')) path.pop_back();
  return std::make_unique<S3Store>(name, std::move(*files), std::move(path));
}

}  // namespace tamis
