#include "tamis/evidence/metrics/trec_stream.h"

#include <fmt/format.h>

#include <unordered_set>

#include "tamis/base/parallel.h"
#include "tamis/evidence/metrics/list_gatherer.h"
#include "tamis/evidence/metrics/trec_lines.h"
#include "tamis/evidence/metrics/trec_windows.h"

namespace tamis::metrics {

namespace {

struct Refused {
  std::uint64_t line = 0;  // from 1 within the part
  std::string reason;
  std::string text;
};

struct QueryPlace {
  std::uint32_t query = 0;
  ListPlace place;
};

// A part of the run, gathered by one thread.
struct Part {
  RetrievedLists lists;
  std::vector<QueryPlace> places;
  std::vector<std::string> unjudged;  // queries
  std::vector<Refused> refused;
  std::uint64_t lines = 0;
  std::uint64_t rows = 0;
  std::uint64_t unjudged_rows = 0;
  std::uint64_t duplicates = 0;
};

Part gather_part(std::string_view text, const Judgments& judgments) {
  constexpr std::size_t kShortLine = 24;
  Part part;
  part.lists.scores.reserve(text.size() / kShortLine);
  ListGatherer gatherer(part.lists);
  std::string_view query;
  std::uint32_t number = kNoQuery;
  const auto finish = [&] {
    if (number != kNoQuery) part.places.push_back({number, gatherer.finish(judgments.of(number))});
  };
  const auto row = [&](std::string_view name, const RankingRow& read, std::uint64_t line, std::string_view written) {
    ++part.rows;
    if (query.data() == nullptr || query != name) {
      finish();
      query = name;
      number = judgments.query(name, number + 1);
      if (number == kNoQuery) part.unjudged.emplace_back(name);
      gatherer.begin();
    }
    if (number == kNoQuery) {
      ++part.unjudged_rows;
      return;
    }
    const std::string_view document = text.substr(read.offset, read.length);
    if (gatherer.add(document, read)) return;
    ++part.duplicates;
    part.refused.push_back({line, met_before(document, name), std::string(written)});
  };
  const auto refuse = [&](std::string reason, std::uint64_t line, std::string_view written) {
    ++part.rows;
    part.refused.push_back({line, std::move(reason), std::string(written)});
  };
  part.lines = for_each_trec_row<kRunCells>(text, row, refuse);
  finish();
  return part;
}

// Hands over what the parts hold.
InputFile tell(std::vector<Part>& parts, const ByteStream& stream, Judged& judged, Quarantine& quarantine) {
  InputFile input{stream.name(), stream.stored_bytes(), 0, 0};
  std::unordered_set<std::string> unjudged;
  std::uint64_t line = 0;
  for (Part& part : parts) {
    for (const Refused& row : part.refused) quarantine.add(input.path, line + row.line, row.reason, row.text);
    line += part.lines;
    input.rows_read += part.rows;
    input.rows_quarantined += part.refused.size();
    for (QueryPlace& list : part.places) {
      list.place.part = static_cast<std::uint32_t>(judged.parts.size());
      judged.places[list.query] = list.place;
    }
    judged.parts.push_back(std::move(part.lists));
    judged.unjudged_query_rows += part.unjudged_rows;
    judged.duplicate_documents += part.duplicates;
    unjudged.insert(part.unjudged.begin(), part.unjudged.end());
  }
  judged.unjudged_queries = unjudged.size();
  return input;
}

}  // namespace

std::optional<InputFile> stream_run(const RankingFile& file, const Judgments& judgments, Judged& judged,
                                    Quarantine& quarantine, Progress& progress) {
  TrecWindows windows(file.path);
  progress.begin("reading " + windows.stream().name(), windows.stream().plain() ? windows.stream().stored_bytes() : 0);
  std::mutex guard;
  std::vector<bool> met(judgments.size());
  bool scattered = false;
  std::vector<Part> parts = windows.make_all<Part>(progress, [&](const TrecWindows::Window& window) {
    Part part = gather_part(window.text, judgments);
    const std::lock_guard lock(guard);
    for (const QueryPlace& list : part.places) {
      scattered = scattered || met[list.query];
      met[list.query] = true;
    }
    if (scattered) windows.stop();
    return part;
  });
  if (scattered) return std::nullopt;
  progress.end();
  std::uint64_t lines = 0;
  for (const Part& part : parts) lines += part.lines;
  windows.require_text(lines);
  const InputFile input = tell(parts, windows.stream(), judged, quarantine);
  require_rows(input, quarantine);
  return input;
}

}  // namespace tamis::metrics
