#include "tamis/base/error.h"

#include <stdexcept>
#include <system_error>

namespace tamis {

namespace {

std::string tagged(std::string_view where, std::string_view what) {
  std::string text = "[";
  text.append(where).append("] ").append(what);
  return text;
}

}  // namespace

void fail_caller(std::string_view where, std::string_view what) {
  throw std::invalid_argument(tagged(where, what));
}

void fail_world(std::string_view where, std::string_view what) {
  throw std::runtime_error(tagged(where, what));
}

std::string system_message(int error_number) {
  return std::generic_category().message(error_number);
}

}  // namespace tamis
