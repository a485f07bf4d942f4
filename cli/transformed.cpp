#include "cli/transformed.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/options.h"
#include "tamis/base/error.h"
#include "tamis/language/encoder/fingerprint.h"

namespace tamis::cli {

Transformed::Transformed(const encoder::SentenceEncoder& encoder, const std::string& file) : encoder_(encoder) {
  if (file.empty()) return;
  whitening_ = transform::read_whitening(file);
  if (whitening_->inputs != encoder.dimensions()) {
    fail_caller(file, fmt::format("takes vectors of {} dimensions, and this encoder's have {}", whitening_->inputs,
                                  encoder.dimensions()));
  }
  if (const std::string own = encoder::fingerprint(encoder); !whitening_->model.empty() && whitening_->model != own) {
    fail_caller(file,
                fmt::format("was fitted on the vectors of another encoder ({}; this is {})", whitening_->model, own));
  }
}

std::int64_t Transformed::dimensions() const {
  return whitening_ ? whitening_->outputs : encoder_.dimensions();
}

void Transformed::encode(std::span<const std::string_view> texts, std::span<float> out,
                         std::span<encoder::TextReport> reports) const {
  if (!whitening_) return encoder_.encode(texts, out, reports);
  std::vector<float> plain(texts.size() * static_cast<std::size_t>(encoder_.dimensions()));
  encoder_.encode(texts, plain, reports);
  whitening_->apply(plain, out);
}

void add_transform(CLI::App& command, std::string& file) {
  command.add_option("--transform", file, "Whitening applied to the vectors, a file of tamis whiten")
      ->check(refuse_empty);
}

}  // namespace tamis::cli
