#include <algorithm>
#include <string_view>
#include <unordered_set>

#include "bench/vectors.h"
#include "tamis/base/random.h"
#include "tamis/base/table.h"

// Sentences to make vectors of: many kinds of English, each sentence once.
namespace tamis::bench {

namespace {

constexpr std::size_t kLeastBytes = 16;

/// A table's columns that hold sentences, in a file that separates by tabs.
struct Source {
  const char* file;
  bool header;
  std::vector<std::size_t> columns;
};

class Sentences {
 public:
  void add_table(const std::filesystem::path& folder, const Source& source) {
    read_lines(folder / source.file, [&](std::uint64_t number, std::string_view line) {
      if (source.header && number == 1) return;
      std::size_t column = 0;
      for (std::size_t begin = 0; begin <= line.size(); ++column) {
        const std::size_t end = std::min(line.find('\t', begin), line.size());
        if (std::ranges::count(source.columns, column) > 0) add(line.substr(begin, end - begin));
        begin = end + 1;
      }
    });
  }

  /// Running text whose sentences end in " . ", with headings between equals signs.
  void add_text(const std::filesystem::path& path) {
    read_lines(path, [&](std::uint64_t, std::string_view line) {
      if (line.starts_with(" =")) return;
      for (std::size_t begin = 0; begin < line.size();) {
        const std::size_t end = line.find(" . ", begin);
        const std::size_t stop = end == std::string_view::npos ? line.size() : end + 2;
        add(line.substr(begin, stop - begin));
        begin = stop + 1;
      }
    });
  }

  std::vector<std::string> take() { return std::move(all_); }

 private:
  void add(std::string_view text) {
    const std::size_t first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return;
    text = text.substr(first, text.find_last_not_of(' ') + 1 - first);
    if (text.size() < kLeastBytes) return;
    if (seen_.emplace(text).second) all_.emplace_back(text);
  }

  std::unordered_set<std::string> seen_;
  std::vector<std::string> all_;
};

}  // namespace

std::vector<std::string> bench_sentences(const std::filesystem::path& data, std::size_t most, std::uint64_t seed) {
  Sentences sentences;
  for (const Source& source :
       {Source{"stsbenchmark/sts-train.csv", false, {5, 6}}, Source{"stsbenchmark/sts-dev.csv", false, {5, 6}},
        Source{"stsbenchmark/sts-test.csv", false, {5, 6}}, Source{"sick/SICK_train.txt", true, {1, 2}},
        Source{"sick/SICK_trial.txt", true, {1, 2}}, Source{"sick/SICK_test_annotated.txt", true, {1, 2}},
        Source{"snli/validation.tsv", true, {0, 1}}, Source{"snli/test.tsv", true, {0, 1}},
        Source{"sentences/leipzig_eng_wikipedia_2016_10K/"
               "eng_wikipedia_2016_10K-sentences.txt",
               false,
               {1}},
        Source{"mind/news.tsv", false, {3, 4}}, Source{"upworthy/upworthy_exploratory.tsv", true, {8}}}) {
    sentences.add_table(data, source);
  }
  for (const char* name : {"test.txt", "valid.txt"}) sentences.add_text(data / "sentences" / "wikitext-2" / name);
  std::vector<std::string> all = sentences.take();
  Stream stream(seed, "bench sentences");
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[stream.below(i)]);
  all.resize(std::min(all.size(), most));
  return all;
}

}  // namespace tamis::bench
