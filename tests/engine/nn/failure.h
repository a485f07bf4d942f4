#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace tamis::nn {

/// Runs `body`, which must throw invalid_argument, and returns its message.
template <typename Body>
std::string failure(Body&& body) {
  try {
    body();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace tamis::nn
