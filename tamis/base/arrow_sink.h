#pragma once

#include <memory>
#include <string>

namespace arrow {
class Status;
namespace io {
class OutputStream;
}
}  // namespace arrow

namespace tamis {

class AtomicFile;

/// Lets Arrow write into an AtomicFile, which must outlive it.
class ArrowSink {
 public:
  /// `path`: the target, for messages.
  ArrowSink(AtomicFile& file, std::string path);

  std::shared_ptr<arrow::io::OutputStream> stream() const;
  /// Throws what stopped the file, or else runtime_error with the first line of Arrow's own words.
  void require(const arrow::Status& status) const;

 private:
  class Stream;
  std::shared_ptr<Stream> stream_;
  std::string path_;
};

}  // namespace tamis
