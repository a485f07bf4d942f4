#include "tamis/base/progress.h"

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>

#include "tamis/base/parallel.h"

namespace tamis {
namespace {

std::size_t lines_in(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Progress, SaysNothingWhenSilent) {
  std::ostringstream out;
  {
    Progress silent(out, Progress::Style::silent);
    silent.begin("work", 3);
    silent.advance(3);
    silent.end();
    Progress none;
    none.begin("work", 3);
    none.advance();
  }
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, BarShowsShareCountRateAndTimeLeft) {
  std::ostringstream out;
  Progress progress(out, Progress::Style::bar);
  progress.begin("replay", 2700);
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  progress.advance(1350);
  const std::string drawn = out.str();
  EXPECT_EQ(drawn.front(), '\r');
  EXPECT_NE(drawn.find("replay  [##########          ]  50%  1,350/2,700  "), std::string::npos) << drawn;
  EXPECT_NE(drawn.find("/s  ETA 0:0"), std::string::npos) << drawn;
  progress.advance(1350);
  progress.end();
  EXPECT_NE(out.str().find("\rreplay: 2,700/2,700 in 0:00\x1b[K\n"), std::string::npos) << out.str();
}

TEST(Progress, ANoteStandsBehindTheFiguresUntilTheWorkEnds) {
  std::ostringstream out;
  Progress progress(out, Progress::Style::bar);
  progress.begin("train", 100);
  progress.note("loss 0.25");
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  progress.advance(10);
  EXPECT_NE(out.str().find("  loss 0.25\x1b[K"), std::string::npos) << out.str();
  progress.begin("more", 100);
  const std::size_t before = out.str().size();
  std::this_thread::sleep_for(std::chrono::milliseconds(150));
  progress.advance(10);
  EXPECT_EQ(out.str().find("loss", before), std::string::npos) << out.str();
}

TEST(Progress, BarRedrawsAtMostTenTimesASecond) {
  std::ostringstream out;
  Progress progress(out, Progress::Style::bar);
  const auto begun = std::chrono::steady_clock::now();
  progress.begin("fast", 1000000);
  for (int i = 0; i < 200000; ++i) progress.advance();
  progress.end();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  const std::string text = out.str();
  EXPECT_LE(static_cast<double>(std::count(text.begin(), text.end(), '\r')), took.count() * 10 + 2);
}

TEST(Progress, UnknownTotalHasNoShareAndNoTimeLeft) {
  std::ostringstream out;
  Progress progress(out, Progress::Style::bar);
  progress.begin("reading", 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  progress.advance(1234567);
  EXPECT_NE(out.str().find("reading  1,234,567  "), std::string::npos) << out.str();
  EXPECT_EQ(out.str().find('%'), std::string::npos);
  EXPECT_EQ(out.str().find("ETA"), std::string::npos);
  progress.end();
  EXPECT_NE(out.str().find("reading: 1,234,567 in 0:00"), std::string::npos);
}

TEST(Progress, MoreThanTheTotalStaysAtOneHundred) {
  std::ostringstream out;
  Progress progress(out, Progress::Style::bar);
  progress.begin("over", 2);
  std::this_thread::sleep_for(std::chrono::milliseconds(120));
  progress.advance(5);
  EXPECT_NE(out.str().find("] 100%  5/2"), std::string::npos) << out.str();
}

TEST(Progress, LinesHoldShortWorkBackAndLeaveOneLine) {
  std::ostringstream out;
  {
    Progress progress(out, Progress::Style::lines);
    progress.begin("offline", 30);
    for (int i = 0; i < 30; ++i) progress.advance();
    progress.begin("replay", 0);  // ends the work before it
    progress.advance(9);
    progress.end();
    EXPECT_EQ(out.str(), "");
  }
  EXPECT_EQ(out.str(), "offline: 30/30 in 0:00; replay: 9 in 0:00\n");
}

TEST(Progress, AdvanceOutsideWorkIsIgnored) {
  std::ostringstream out;
  {
    Progress progress(out, Progress::Style::lines);
    progress.advance(4);
    progress.end();
  }
  EXPECT_EQ(out.str(), "");
}

TEST(Progress, CountsEveryStepFromManyThreads) {
  std::ostringstream out;
  const int before = threads();
  set_threads(4);
  {
    Progress progress(out, Progress::Style::lines);
    progress.begin("users", 20000);
    parallel_for(
        20000, [&](std::size_t) { progress.advance(); }, 16);
  }
  set_threads(before);
  EXPECT_NE(out.str().find("users: 20,000/20,000 in "), std::string::npos) << out.str();
  EXPECT_EQ(lines_in(out.str()), 1U);
}

}  // namespace
}  // namespace tamis
