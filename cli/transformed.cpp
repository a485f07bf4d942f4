#include "cli/transformed.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/language/encoder/fingerprint.h"

namespace tamis::cli {

Transformed::Transformed(const encoder::SentenceEncoder& encoder, const std::string& file) : encoder_(encoder) {
  if (file.empty()) return;
  transform_ = transform::read_transform(file);
  if (transform_->inputs != encoder.dimensions()) {
    fail_caller(file, fmt::format("takes vectors of {} dimensions, and this encoder's have {}", transform_->inputs,
                                  encoder.dimensions()));
  }
  if (const std::string own = encoder::fingerprint(encoder); !transform_->model.empty() && transform_->model != own) {
    fail_caller(file,
                fmt::format("was fitted on the vectors of another encoder ({}; this is {})", transform_->model, own));
  }
}

std::int64_t Transformed::dimensions() const {
  return transform_ ? transform_->outputs : encoder_.dimensions();
}

void Transformed::encode(std::span<const std::string_view> texts, std::span<float> out,
                         std::span<encoder::TextReport> reports) const {
  if (!transform_) return encoder_.encode(texts, out, reports);
  std::vector<float> plain(texts.size() * static_cast<std::size_t>(encoder_.dimensions()));
  encoder_.encode(texts, plain, reports);
  transform_->apply(plain, out);
}

void add_transform(CLI::App& command, std::string& file) {
  command.add_option("--transform", file, "Applied to the vectors: a file of tamis whiten or tamis flow")
      ->check(refuse_empty);
}

}  // namespace tamis::cli
