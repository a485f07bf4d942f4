#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace tamis {

/// A file of a store: its path from the root, with `/` between folders, and its size.
struct StoredFile {
  std::string path;
  std::uint64_t bytes = 0;
};

/// Held by the one writer of a folder; freed when it goes, and by the death of its process.
class StoreLock {
 public:
  virtual ~StoreLock() = default;
};

/// Whole files under a root: a folder of this machine, or a prefix of an S3 bucket. Paths are relative to the root. A
/// write is there whole or not at all, and is seen by every read and list that begins after it. What cannot be done
/// throws runtime_error naming root and path. Not thread-safe.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// The root as it was given, without credentials and options; for messages.
  const std::string& name() const { return name_; }
  /// Root and path, for messages.
  std::string where(std::string_view path) const;

  /// All files under a folder at any depth, by path; none where the folder is not there.
  virtual std::vector<StoredFile> list(const std::string& folder) const = 0;
  /// Names of the folders that lie directly in a folder ("": the root), by name.
  virtual std::vector<std::string> folders(const std::string& folder) const = 0;
  virtual bool holds(const std::string& path) const = 0;
  virtual std::string read(const std::string& path) const = 0;
  virtual void write(const std::string& path, const std::string& bytes) = 0;
  /// Nothing where the file is not there.
  virtual void remove(const std::string& path) = 0;
  /// Takes the lock of a folder. Throws runtime_error at once, naming the holder, where somebody else has it. On a
  /// machine it is the kernel's lock on `FOLDER/.lock`; in a bucket, which has none, a claim `FOLDER/lock-…` that is
  /// written, then looked for among the others: a builder goes on only after it has seen no claim but its own, and of
  /// two that came together the one whose claim sorts first stays. The claim of a dead process of this machine is
  /// removed; one of another machine has to be removed by hand, and the message says which.
  virtual std::unique_ptr<StoreLock> lock(const std::string& folder) = 0;

 protected:
  explicit ObjectStore(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

/// Opens a root: a path, or `s3://[KEY:SECRET@]BUCKET[/PREFIX][?endpoint_override=HOST:PORT&scheme=http&region=…]` (the
/// options of Arrow's S3 file system; credentials else as the AWS tools find them). `create` makes a local folder that
/// is not there. Throws invalid_argument for an empty root, another scheme, options that S3 does not know, or a local
/// root that cannot be made or written when `create`; runtime_error if a local root is not there, or this build of
/// Arrow has no S3.
std::unique_ptr<ObjectStore> open_store(const std::string& root, bool create);

}  // namespace tamis
