#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/split.h"
#include "tamis/base/config.h"
#include "tamis/base/error.h"
#include "tamis/data/folds_time.h"
#include "tamis/data/time_column.h"

namespace tamis::cli {

namespace {

data::Time time_of(const std::string& text, std::string_view option) {
  data::Time time = 0;
  if (!data::parse_any_time(text, time))
    fail_caller(option, fmt::format("\"{}\" is not a time such as 2024-01-31, \"2024-01-31 13:05:00+02:00\" or seconds "
                                    "since 1970",
                                    text));
  return time;
}

std::optional<data::Time> time_if(const std::string& text, std::string_view option) {
  if (text.empty()) return std::nullopt;
  return time_of(text, option);
}

/// The four ways to say what is before and what is after.
enum class Way { share, at, ranges, rolling };

Way way_of(const SplitFlags& flags, bool share_given) {
  const bool at = !flags.at.empty();
  const bool ranges =
      !flags.train_from.empty() || !flags.train_until.empty() || !flags.test_from.empty() || !flags.test_until.empty();
  const bool rolling = !flags.train.empty() || !flags.test.empty() || !flags.step.empty() || flags.expanding;
  if (int{share_given} + int{at} + int{ranges} + int{rolling} > 1)
    fail_caller("split time", "takes one of --share; --at; --train-until with --test-from; --train with --test");
  if (ranges && (flags.train_until.empty() || flags.test_from.empty()))
    fail_caller("split time", "needs both --train-until and --test-from");
  if (rolling && (flags.train.empty() || flags.test.empty()))
    fail_caller("split time", "windows that roll need both --train and --test, such as --train 28d --test 7d");
  return at ? Way::at : ranges ? Way::ranges : rolling ? Way::rolling : Way::share;
}

std::vector<data::TimeRanges> ranges_of(const SplitFlags& flags, Way way, const std::vector<data::Time>& times) {
  const data::Time gap = parse_duration(flags.gap, "--gap");
  if (way == Way::share) return {data::last_share(times, flags.share, gap)};
  if (way == Way::at) {
    const data::Time at = time_of(flags.at, "--at");
    return {{std::nullopt, at - gap, at, std::nullopt}};
  }
  if (way == Way::ranges) {
    if (gap != 0) fail_caller("--gap", "is what lies between --train-until and --test-from; give one or the other");
    return {{time_if(flags.train_from, "--train-from"), time_of(flags.train_until, "--train-until"),
             time_of(flags.test_from, "--test-from"), time_if(flags.test_until, "--test-until")}};
  }
  data::RollingWindows windows;
  windows.train = parse_duration(flags.train, "--train");
  windows.test = parse_duration(flags.test, "--test");
  if (!flags.step.empty()) {
    windows.step = parse_duration(flags.step, "--step");
    if (windows.step <= 0) fail_caller("--step", "must be longer than 0");
  }
  windows.gap = gap;
  windows.expanding = flags.expanding;
  return data::rolling_ranges(times, windows);
}

void run_time(SplitFlags& flags, bool share_given) {
  if (flags.time.empty()) fail_caller("split time", "names no column of times: --time COLUMN");
  const Way way = way_of(flags, share_given);
  SplitRows rows = read_split_rows(flags);
  const std::span<const data::Time> known =
      rows.known == nullptr ? std::span<const data::Time>() : std::span<const data::Time>(*rows.known);
  std::vector<data::Fold> folds;
  for (const data::TimeRanges& ranges : ranges_of(flags, way, *rows.time))
    folds.push_back(data::time_fold(*rows.time, ranges, known));
  finish_split(flags, rows, std::move(folds),
               {"time",
                {{"ranges", "a range holds its beginning and not its end"},
                 {"gap", flags.gap},
                 {"known", rows.known == nullptr ? "every row is known when it happens"
                                                 : "a row is fitted on only if it was known before training ends"}},
                ""});
}

void run_leave_last(SplitFlags& flags) {
  if (flags.group.empty() || flags.time.empty())
    fail_caller("split leave-last", "needs the columns of users and of times: --group COLUMN --time COLUMN");
  if (flags.last < 1) fail_caller("--last", fmt::format("is {}; a whole number above 0 is needed", flags.last));
  SplitRows rows = read_split_rows(flags);
  std::vector<data::Fold> folds{
      data::leave_last_out(rows.group->codes, *rows.time, static_cast<std::size_t>(flags.last))};
  const std::size_t later = data::later_rows(folds[0], *rows.time);
  finish_split(flags, rows, folds,
               {"leave-last",
                {{"last", fmt::format("of equal times the later row; users with up to {} rows are trained on only",
                                      flags.last)}},
                fmt::format("leave-last leaks the future across users: {} of {} train rows are as late as the "
                            "earliest test row or later; tamis split time does not",
                            later, folds[0].train.size())});
}

}  // namespace

void add_split_time(CLI::App& split) {
  auto flags = std::make_shared<SplitFlags>();
  CLI::App* command = split.add_subcommand("time", "Earlier rows to fit on, later ones to score; once, or rolling");
  add_split_table(*command, *flags);
  command->add_option("--time", flags->time, "Column of times at which rows happened")->check(refuse_empty);
  command->add_option("--known", flags->known, "Column of times at which rows became known")->check(refuse_empty);
  const auto* share =
      command->add_option("--share", flags->share, "The latest share of the rows is tested")->capture_default_str();
  command->add_option("--at", flags->at, "Rows from this time on are tested, those before are trained on");
  command->add_option("--gap", flags->gap, "Left out before the test begins")->capture_default_str();
  command->add_option("--train-from", flags->train_from, "Ranges by hand: where training begins");
  command->add_option("--train-until", flags->train_until, "Where it ends");
  command->add_option("--test-from", flags->test_from, "Where the test begins");
  command->add_option("--test-until", flags->test_until, "Where it ends");
  command->add_option("--train", flags->train, "Windows that roll: length of the training window");
  command->add_option("--test", flags->test, "Length of the test window");
  command->add_option("--step", flags->step, "From one window to the next; the test's length when absent");
  command->add_flag("--expanding", flags->expanding, "Every window trains on all from the first row on");
  command->add_option("--label", flags->label, "Column of classes whose shares are told")->check(refuse_empty);
  command->add_option("--group", flags->group, "Column of users, for --cold")->check(refuse_empty);
  add_split_out(*command, *flags);
  command->footer(
      "Examples:\n  tamis split time --input log.csv --time t --share 0.2 --gap 1d --out folds.tsv\n"
      "  tamis split time --input log.csv --time t --at 2024-03-01 --cold drop --cold-by user,item\n"
      "  tamis split time --input log.csv --time t --train 28d --test 7d --step 7d --expanding --out folds");
  command->callback([flags, share] { run_time(*flags, share->count() > 0); });
}

void add_split_leave_last(CLI::App& split) {
  auto flags = std::make_shared<SplitFlags>();
  CLI::App* command = split.add_subcommand("leave-last", "Each user's last rows are tested (leaks across users)");
  add_split_table(*command, *flags);
  command->add_option("--group", flags->group, "Column of users")->check(refuse_empty);
  command->add_option("--time", flags->time, "Column of times")->check(refuse_empty);
  command->add_option("--last", flags->last, "So many rows of each user")->capture_default_str();
  command->add_option("--label", flags->label, "Column of classes whose shares are told")->check(refuse_empty);
  add_split_out(*command, *flags);
  command->footer("Examples:\n  tamis split leave-last --input log.csv --group user --time t --out folds.tsv");
  command->callback([flags] { run_leave_last(*flags); });
}

}  // namespace tamis::cli
