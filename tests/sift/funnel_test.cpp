#include "tamis/sift/funnel.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "tamis/base/file.h"
#include "tamis/base/parallel.h"
#include "tamis/base/random.h"
#include "tamis/data/schema.h"
#include "tamis/sift/measurement.h"
#include "tests/base/scratch.h"

namespace tamis::sift {
namespace {

using Json = nlohmann::json;

const std::string kCandidates = R"(
[[candidate]]
name = "random"
family = "random"
[[candidate]]
name = "pop"
family = "popularity"
half_life = "2d"
[[candidate]]
name = "pop_all"
family = "popularity"
[[candidate]]
name = "knn"
family = "item_knn"
[[candidate]]
name = "words"
family = "content"
[[candidate]]
name = "mix"
family = "blend"
parts = ["1 knn", "1 words", "1 pop"]
)";

const std::string kFourStages = R"(incumbent = "pop"
sanity = "random"
[world]
items = 120
users = 1800
days = 5
[[stage]]
kind = "offline"
test = "2d"
resamples = 300
keep = 3
keep_max = 4
[[stage]]
kind = "replay"
test = "2d"
step = "1d"
resamples = 300
keep = 2
keep_max = 3
[[stage]]
kind = "interleave"
users = 50
days = 3
keep = 2
[[stage]]
kind = "ab"
users = 150
days = 4
keep = 1
[truth]
users = 150
)" + kCandidates;

/// Against an incumbent that draws lots something is bound to be shipped.
std::string weak_incumbent(const std::string& stage, bool equal = false) {
  return "incumbent = \"random\"\n[world]\nitems = 120\nusers = 2500\ndays = 5\nequal = " +
         std::string(equal ? "true" : "false") + "\n[[stage]]\nkeep = 1\n" + stage + "[truth]\nusers = 0\n" +
         kCandidates;
}

/// A finished run in a folder of its own.
struct Finished {
  explicit Finished(const std::string& plan) {
    test::put(folder / "plan.toml", plan);
    run(false);
  }
  void run(bool resume) {
    FunnelOptions options;
    options.plan = folder / "plan.toml";
    options.out = folder / "out";
    options.resume = resume;
    options.version = "test";
    Progress silent;
    report = Json::parse(run_funnel(options, silent));
    for (const char* key : {"threads", "elapsed_s", "peak_rss_mb"}) {
      EXPECT_TRUE(report.at(key).is_number()) << key;
      report.erase(key);
    }
  }
  std::string read(const std::string& name) const { return read_file(folder / "out" / name); }
  const Json& stage_of(const std::string& candidate, const std::string& kind) const {
    for (const Json& one : report.at("candidates")) {
      if (one.at("name") != candidate) continue;
      for (const Json& stage : one.at("stages")) {
        if (stage.at("kind") == kind) return stage;
      }
    }
    throw std::runtime_error(candidate + " was not measured in " + kind);
  }

  test::Scratch folder;
  Json report;
};

const Finished& shared() {
  static const Finished finished(kFourStages);
  return finished;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Funnel, OneAndTwoThreadsGiveTheSameReport) {
  const int before = threads();
  set_threads(1);
  const Finished one(kFourStages);
  set_threads(2);
  const Finished two(kFourStages);
  set_threads(before);
  EXPECT_EQ(one.report, two.report);
  for (const char* name : {"report.md", "report.html", "exposures.csv", "journal.jsonl"}) {
    EXPECT_EQ(one.read(name), two.read(name)) << name;
  }
}

TEST(Funnel, CutAtAnyPlaceAndResumedItEndsInTheSameReport) {
  Finished run(kFourStages);
  const Json whole = run.report;
  const std::string journal = run.read("journal.jsonl");
  const std::string faces[] = {run.read("report.md"), run.read("report.html"), run.read("exposures.csv")};
  std::vector<std::size_t> cuts = {journal.size() - 7};
  std::size_t at = 0;
  for (std::size_t line = 0; at != std::string::npos; ++line) {
    if (line % 10 == 0) cuts.push_back(line % 20 == 0 ? at : at + 25);
    at = journal.find('\n', at);
    at = at == std::string::npos || at + 1 == journal.size() ? std::string::npos : at + 1;
  }
  ASSERT_GE(cuts.size(), 4U);
  for (const std::size_t cut : cuts) {
    test::put(run.folder / "out" / "journal.jsonl", journal.substr(0, cut));
    for (const char* name : {"report.md", "report.html", "report.json", "exposures.csv"}) {
      std::filesystem::remove(run.folder / "out" / name);
    }
    run.run(true);
    EXPECT_EQ(run.report, whole) << "cut at byte " << cut;
    EXPECT_EQ(run.read("report.md"), faces[0]) << cut;
    EXPECT_EQ(run.read("report.html"), faces[1]) << cut;
    EXPECT_EQ(run.read("exposures.csv"), faces[2]) << cut;
    EXPECT_EQ(run.read("journal.jsonl"), journal) << cut;
  }
}

TEST(Funnel, TheFileHoldsWhatTheCallReturns) {
  Json written = Json::parse(shared().read("report.json"));
  for (const char* key : {"threads", "elapsed_s", "peak_rss_mb"}) written.erase(key);
  EXPECT_EQ(written, shared().report);
}

TEST(Funnel, TheReportHasTheKeysOfTheCommandLine) {
  const Json& report = shared().report;
  for (const char* key : {"tamis", "command", "seed", "conventions", "inputs", "incumbent", "stages", "candidates",
                          "ship", "lift", "truth"}) {
    EXPECT_TRUE(report.contains(key)) << key;
  }
  EXPECT_EQ(report.at("command"), "sift");
  EXPECT_EQ(report.at("tamis"), "test");
  for (const Json& stage : report.at("stages")) {
    for (const char* key : {"kind", "simulated", "entered", "kept", "dropped", "users", "cost"}) {
      EXPECT_TRUE(stage.contains(key)) << key;
    }
  }
  for (const Json& candidate : report.at("candidates")) {
    for (const Json& stage : candidate.at("stages")) {
      for (const char* key : {"kind", "estimate", "low", "high", "p", "value", "users", "served", "served_by_fallback",
                              "decision", "why"}) {
        EXPECT_TRUE(stage.contains(key)) << key;
      }
    }
  }
  for (const char* key : {"estimate", "low", "high", "naive"}) EXPECT_TRUE(report.at("lift").contains(key)) << key;
  for (const char* key : {"true_best", "rank_of_shipped", "regret"}) {
    EXPECT_TRUE(report.at("truth").contains(key)) << key;
  }
  if (report.at("ship").is_null()) {
    EXPECT_TRUE(report.at("lift").contains("why"));
  }
}

TEST(Funnel, StagesAddUp) {
  const Json& stages = shared().report.at("stages");
  ASSERT_EQ(stages.size(), 4U);
  std::int64_t enters = 6;
  for (const Json& stage : stages) {
    const std::string kind = stage.at("kind");
    EXPECT_EQ(stage.at("entered"), enters) << kind;
    EXPECT_EQ(stage.at("kept").get<int>() + stage.at("dropped").get<int>(), enters) << kind;
    int measured = 0, dropped = 0, capped = 0, kept = 0;
    for (const Json& candidate : shared().report.at("candidates")) {
      for (const Json& at : candidate.at("stages")) {
        if (at.at("kind") != kind) continue;
        ++measured;
        dropped += at.at("decision") == "dropped" ? 1 : 0;
        kept += at.at("decision") == "kept" ? 1 : 0;
        capped += at.at("by_cap") == true ? 1 : 0;
        EXPECT_LE(at.at("low"), at.at("estimate"));
        EXPECT_GE(at.at("high"), at.at("estimate"));
      }
    }
    EXPECT_EQ(measured, enters) << kind;
    EXPECT_EQ(dropped, stage.at("dropped")) << kind;
    EXPECT_EQ(capped, stage.at("dropped_by_cap")) << kind;
    EXPECT_EQ(stage.at("comparisons"), enters - 1) << kind;
    if (kind != "ab") {
      EXPECT_GE(kept, stage.at("keep").get<int>()) << kind;
      EXPECT_LE(kept, stage.at("keep_max").get<int>()) << kind;
    }
    enters = stage.at("kept");
  }
  EXPECT_EQ(enters, 1) << "in the end one is left";
}

TEST(Funnel, RandomLosesAtEveryStage) {
  for (const char* kind : {"offline", "replay", "interleave", "ab"}) {
    EXPECT_LT(shared().stage_of("random", kind).at("estimate").get<double>(), 0) << kind;
    EXPECT_EQ(shared().stage_of("random", kind).at("decision"), std::string(kind) == "ab" ? "dropped" : "rides");
  }
  EXPECT_EQ(shared().report.at("truth").at("values").back().at("name"), "random");
}

TEST(Funnel, CostsAreThoseOfThePlan) {
  int users = 0, days = 0;
  for (const Json& stage : shared().report.at("stages")) {
    const std::string kind = stage.at("kind");
    const int entered = stage.at("entered");
    const int expected = kind == "interleave" ? 50 * (entered - 1) : kind == "ab" ? 150 * entered : 0;
    EXPECT_EQ(stage.at("cost").at("users"), expected) << kind;
    EXPECT_EQ(stage.at("cost").at("days"), kind == "interleave" ? 3 : kind == "ab" ? 4 : 0) << kind;
    EXPECT_EQ(stage.at("simulated"), expected > 0) << kind;
    users += stage.at("cost").at("users").get<int>();
    days += stage.at("cost").at("days").get<int>();
  }
  EXPECT_EQ(shared().report.at("cost").at("funnel").at("users"), users);
  EXPECT_EQ(shared().report.at("cost").at("funnel").at("days"), days);
  EXPECT_EQ(shared().report.at("cost").at("ab_for_all").at("users"), 150 * 6);
}

TEST(Funnel, EveryExposedUserIsLoggedOnceAndAfterTheLaunch) {
  const auto lines = lines_of(shared().read("exposures.csv"));
  ASSERT_GT(lines.size(), 100U);
  EXPECT_EQ(lines[0], "user,arm,time");
  std::set<std::string> users;
  std::map<std::string, int> arms;
  data::Time launch = 0;
  ASSERT_TRUE(data::parse_time("2024-01-06", launch));  // five days of log from 2024-01-01
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::size_t first = lines[i].find(',');
    const std::size_t second = lines[i].rfind(',');
    EXPECT_TRUE(users.insert(lines[i].substr(0, first)).second) << lines[i];
    ++arms[lines[i].substr(first + 1, second - first - 1)];
    data::Time time = 0;
    ASSERT_TRUE(data::parse_time(lines[i].substr(second + 1), time)) << lines[i];
    EXPECT_GE(time, launch);
    EXPECT_LT(time, launch + 4 * data::kDay);
  }
  const Json& ratio = shared().report.at("sample_ratio");
  ASSERT_EQ(ratio.at("arms").size(), arms.size());
  for (std::size_t a = 0; a < arms.size(); ++a) EXPECT_EQ(arms[ratio.at("arms")[a]], ratio.at("users")[a]);
  EXPECT_EQ(shared().report.at("stages")[3].at("users"), users.size());
  EXPECT_GT(ratio.at("p").get<double>(), 0.001);
}

TEST(Funnel, AnOfflineStageAloneShipsByUsersHeldOut) {
  const Finished run(weak_incumbent("kind = \"offline\"\ntest = \"2d\"\nresamples = 500\n"));
  ASSERT_TRUE(run.report.at("ship").is_string()) << run.report.at("decision");
  const std::string ship = run.report.at("ship");
  EXPECT_EQ(run.stage_of(ship, "offline").at("decision"), "shipped");
  EXPECT_EQ(run.stage_of("random", "offline").at("decision"), "dropped");
  EXPECT_GT(run.report.at("lift").at("estimate").get<double>(), 0);
  EXPECT_TRUE(run.report.at("lift").at("naive").is_number());
  EXPECT_NE(run.report.at("lift").at("naive"), run.report.at("lift").at("estimate"));
  // Chosen on two users in three: the arms count those, the stage all.
  const double all = run.report.at("stages")[0].at("users");
  const double chosen_on = run.stage_of(ship, "offline").at("users");
  EXPECT_NEAR(chosen_on / all, 0.67, 4 * std::sqrt(0.67 * 0.33 / all));
  EXPECT_FALSE(run.report.contains("truth"));
  EXPECT_FALSE(std::filesystem::exists(run.folder / "out" / "exposures.csv"));
  EXPECT_EQ(run.report.at("cost").at("funnel").at("users"), 0);
}

TEST(Funnel, WhereAllAreEqualNothingIsShippedAndItIsSaidWhy) {
  const Finished run(weak_incumbent("kind = \"offline\"\ntest = \"2d\"\nresamples = 500\n", true));
  EXPECT_TRUE(run.report.at("ship").is_null());
  EXPECT_NE(run.report.at("why").get<std::string>().find("above the incumbent"), std::string::npos);
  EXPECT_TRUE(run.report.at("lift").at("estimate").is_null());
  EXPECT_EQ(run.report.at("lift").at("why"), "nothing is shipped");
  EXPECT_EQ(run.stage_of("random", "offline").at("decision"), "kept") << "the incumbent stays";
}

/// Rewrites one piece of a journal as if far fewer of an arm's users had been exposed.
std::string lose_users(const std::string& journal, const std::string& piece, std::size_t left) {
  std::string forged;
  for (const std::string& line : lines_of(journal)) {
    std::string body = line.substr(17);
    if (body.compare(0, piece.size() + 1, piece + "\t") == 0) {
      Measured measured = measured_from_json(body.substr(piece.size() + 1));
      measured.values.users.resize(left);
      measured.values.values.resize(left);
      measured.exposed.resize(left);
      body = piece + "\t" + to_json(measured);
    }
    std::ostringstream sum;
    sum << std::hex << std::setw(16) << std::setfill('0') << fnv1a(body);
    forged.append(sum.str()).append(" ").append(body).append("\n");
  }
  return forged;
}

TEST(Funnel, ABrokenSplitWithholdsTheVerdict) {
  // The split is by hash and does not break; a journal in which an arm lost users is the way in.
  Finished run(weak_incumbent("kind = \"ab\"\nusers = 380\ndays = 10\n"));
  ASSERT_TRUE(run.report.at("ship").is_string()) << run.report.at("decision");
  const std::string ship = run.report.at("ship");
  const std::string arm = ship == "words" ? "ab/pop" : "ab/words";
  test::put(run.folder / "out" / "journal.jsonl", lose_users(run.read("journal.jsonl"), arm, 60));
  run.run(true);
  EXPECT_LT(run.report.at("sample_ratio").at("p").get<double>(), 0.001);
  EXPECT_TRUE(run.report.at("ship").is_null());
  EXPECT_NE(run.report.at("why").get<std::string>().find("sample-ratio"), std::string::npos) << run.report.at("why");
  EXPECT_EQ(run.stage_of(ship, "ab").at("decision"), "dropped");
  EXPECT_NE(run.stage_of(ship, "ab").at("why").get<std::string>().find("withheld"), std::string::npos);
  EXPECT_TRUE(run.report.at("lift").at("estimate").is_null());
}

}  // namespace
}  // namespace tamis::sift
