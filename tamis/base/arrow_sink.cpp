#include "tamis/base/arrow_sink.h"

#include <arrow/io/interfaces.h>
#include <arrow/result.h>
#include <arrow/status.h>

#include <exception>
#include <utility>

#include "tamis/base/error.h"
#include "tamis/base/file.h"

namespace tamis {

// Arrow speaks in statuses, so the exact error waits here for its return.
class ArrowSink::Stream final : public arrow::io::OutputStream {
 public:
  explicit Stream(AtomicFile& file) : file_(file) { set_mode(arrow::io::FileMode::WRITE); }

  arrow::Status Write(const void* data, std::int64_t bytes) override {
    try {
      file_.write({static_cast<const char*>(data), static_cast<std::size_t>(bytes)});
    } catch (...) {
      error_ = std::current_exception();
      return arrow::Status::IOError("the file cannot be written");
    }
    position_ += bytes;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<std::int64_t> Tell() const override { return position_; }
  std::exception_ptr error() const { return error_; }

 private:
  AtomicFile& file_;
  std::exception_ptr error_;
  std::int64_t position_ = 0;
  bool closed_ = false;
};

ArrowSink::ArrowSink(AtomicFile& file, std::string path)
    : stream_(std::make_shared<Stream>(file)), path_(std::move(path)) {}

std::shared_ptr<arrow::io::OutputStream> ArrowSink::stream() const {
  return stream_;
}

void ArrowSink::require(const arrow::Status& status) const {
  if (status.ok()) return;
  if (stream_->error()) std::rethrow_exception(stream_->error());
  fail_world(path_, "cannot be written: " + status.message().substr(0, status.message().find('\n')));
}

}  // namespace tamis
