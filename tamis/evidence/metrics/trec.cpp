#include "tamis/evidence/metrics/trec.h"

#include <algorithm>
#include <cctype>
#include <optional>
#include <unordered_set>

#include "tamis/base/parallel.h"
#include "tamis/evidence/metrics/judgments.h"
#include "tamis/evidence/metrics/list_gatherer.h"
#include "tamis/evidence/metrics/trec_stream.h"

namespace tamis::metrics {

namespace {

constexpr std::size_t kQueriesAtATime = 512;

// A block of queries gathered by one thread.
struct Gathered {
  RetrievedLists lists;
  std::vector<DuplicateRow> duplicates;
};

// Gathers a run whose rows are all in memory, whatever their order.
void gather_all(RankingPieces& run, const Judgments& judgments, Judged& judged, Quarantine& quarantine) {
  std::vector<std::uint64_t> starts;
  const std::vector<SegmentPlace> segments = sort_segments(run, judged.size(), starts);
  const std::size_t blocks = (judged.size() + kQueriesAtATime - 1) / kQueriesAtATime;
  std::vector<Gathered> gathered(blocks);
  parallel_for(blocks, [&](std::size_t block) {
    ListGatherer gatherer(gathered[block].lists);
    const std::size_t last = std::min(judged.size(), (block + 1) * kQueriesAtATime);
    for (std::size_t query = block * kQueriesAtATime; query < last; ++query) {
      gatherer.begin();
      for (std::uint64_t i = starts[query]; i < starts[query + 1]; ++i) {
        const RankingPiece& piece = run.pieces[segments[i].piece];
        const RankingSegment& segment = piece.segments[segments[i].segment];
        for (std::uint64_t r = segment.first; r < segment.first + segment.rows; ++r)
          if (!gatherer.add(piece.document(piece.rows[r]), piece.rows[r]))
            gathered[block].duplicates.push_back({segments[i].piece, r, segment.query});
      }
      judged.places[query] = gatherer.finish(judgments.of(static_cast<std::uint32_t>(query)));
      judged.places[query].part = static_cast<std::uint32_t>(block);
    }
  });
  std::vector<DuplicateRow> duplicates;
  for (Gathered& block : gathered) {
    duplicates.insert(duplicates.end(), block.duplicates.begin(), block.duplicates.end());
    judged.parts.push_back(std::move(block.lists));
  }
  judged.duplicate_documents = duplicates.size();
  refuse_duplicates(run, std::move(duplicates), quarantine);
  std::unordered_set<std::string_view> unjudged;
  for (const RankingPiece& piece : run.pieces) {
    judged.unjudged_query_rows += piece.unmatched_rows;
    for (const RankingSegment& segment : piece.segments)
      if (segment.number == kNoQuery) unjudged.insert(segment.query);
  }
  judged.unjudged_queries = unjudged.size();
}

}  // namespace

bool names_table(const std::filesystem::path& path) {
  if (path == "-") return true;
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto drop = [&](std::string_view end) {
    const bool has = name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
    if (has) name.resize(name.size() - end.size());
    return has;
  };
  if (!drop(".gz")) drop(".zst");
  return drop(".parquet") || drop(".csv") || drop(".tsv");
}

JudgedFiles read_judged(const RankingFile& judgments_file, const RankingFile& run_file, Quarantine& quarantine,
                        Progress& progress) {
  const auto read = [&](const RankingFile& file, const Judgments* judgments) {
    return file.trec ? read_trec_pieces(file, judgments, quarantine, progress)
                     : read_table_pieces(file, judgments, quarantine, progress);
  };
  JudgedFiles files;
  Judged& judged = files.judged;
  const Judgments judgments(read(judgments_file, nullptr), quarantine);
  judgments.tell(judged);
  judged.places.resize(judged.size());
  // What cannot be read twice is held whole at once.
  std::optional<InputFile> streamed;
  if (run_file.trec && std::filesystem::is_regular_file(run_file.path))
    streamed = stream_run(run_file, judgments, judged, quarantine, progress);
  if (!streamed) {
    RankingPieces run = read(run_file, &judgments);
    gather_all(run, judgments, judged, quarantine);
    streamed = run.input;
  }
  for (const ListPlace& place : judged.places) {
    judged.documents += place.score_end - place.score_begin;
    judged.unjudged_documents += place.score_end - place.score_begin - (place.retrieved_end - place.retrieved_begin);
  }
  files.inputs = {judgments.input(), *streamed};
  return files;
}

}  // namespace tamis::metrics
