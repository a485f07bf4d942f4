#include "tamis/evidence/timemachine/source.h"

#include <cerrno>
#include <fstream>

#include "tamis/base/error.h"
#include "tamis/base/random.h"

namespace tamis::timemachine {

namespace {

constexpr std::string_view kMark = "{day}";

}  // namespace

std::uint64_t file_checksum(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail_world(path, "cannot be read: " + system_message(errno));
  std::uint64_t sum = fnv1a("");
  std::string piece(std::size_t{1} << 20, '\0');
  while (file) {
    file.read(piece.data(), static_cast<std::streamsize>(piece.size()));
    sum = fnv1a(std::string_view(piece).substr(0, static_cast<std::size_t>(file.gcount())), sum);
  }
  if (file.bad()) fail_world(path, "cannot be read");
  return sum;
}

std::string path_of_day(const std::string& path, Day day) {
  std::string text = path;
  for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark))
    text.replace(at, kMark.size(), format_day(day));
  return text;
}

bool is_daily(const std::string& path) {
  return path.find(kMark) != std::string::npos;
}

double readable_share(const InputFile& file) {
  if (file.rows_read == 0) return 1;
  return static_cast<double>(file.rows_read - file.rows_quarantined) / static_cast<double>(file.rows_read);
}

}  // namespace tamis::timemachine
