#include "tamis/sift/decision.h"

#include <stdexcept>

namespace tamis::sift {
namespace {

Standing standing(std::string name, double estimate, double reach, bool rides = false) {
  return {std::move(name), estimate, estimate - reach, estimate + reach, rides};
}

std::vector<Decision> decisions(const std::vector<Verdict>& verdicts) {
  std::vector<Decision> all;
  for (const Verdict& verdict : verdicts) all.push_back(verdict.decision);
  return all;
}

constexpr auto kKept = Decision::kept;
constexpr auto kDropped = Decision::dropped;
constexpr auto kRides = Decision::rides;

TEST(Decide, KeepsTheBestAndDropsWhoLiesBelow) {
  const std::vector<Standing> standings = {standing("c", 1, 0.1), standing("a", 3, 0.1), standing("b", 2, 0.1)};
  const auto verdicts = decide(standings, 2, 2);
  EXPECT_EQ(decisions(verdicts), (std::vector{kDropped, kKept, kKept}));
  EXPECT_EQ(verdicts[1].why, "place 1, among the best 2");
  EXPECT_NE(verdicts[0].why.find("wholly below that of b"), std::string::npos) << verdicts[0].why;
  EXPECT_FALSE(verdicts[0].by_cap);
}

TEST(Decide, EqualEstimatesStandInTheOrderGiven) {
  const std::vector<Standing> standings = {standing("x", 1, 0), standing("y", 1, 0), standing("z", 1, 0)};
  const auto verdicts = decide(standings, 1, 2);
  EXPECT_EQ(decisions(verdicts), (std::vector{kKept, kKept, kDropped}));
  EXPECT_TRUE(verdicts[2].by_cap);
}

TEST(Decide, OverlapIsWithTheLastOfTheBestNotWithTheFirst) {
  // The first's interval is wide; only the second's lower end (1.8) counts: 1.9 reaches it, 1.7 does not.
  const std::vector<Standing> standings = {standing("first", 3, 2.9), standing("second", 2, 0.2),
                                           standing("reaches", 1.5, 0.4), standing("short", 1.4, 0.3)};
  const auto verdicts = decide(standings, 2, 4);
  EXPECT_EQ(decisions(verdicts), (std::vector{kKept, kKept, kKept, kDropped}));
  EXPECT_NE(verdicts[2].why.find("overlaps that of second"), std::string::npos) << verdicts[2].why;
}

TEST(Decide, IntervalsThatTouchOverlap) {
  const std::vector<Standing> standings = {{"top", 3, 2, 4, false}, {"touches", 1, 0, 2, false}};
  EXPECT_EQ(decide(standings, 1, 2)[1].decision, kKept);
  const std::vector<Standing> apart = {{"top", 3, 2, 4, false}, {"misses", 1, 0, 1.9999999, false}};
  EXPECT_EQ(decide(apart, 1, 2)[1].decision, kDropped);
}

TEST(Decide, ADropForcedByTheCapSaysSo) {
  const std::vector<Standing> standings = {standing("a", 4, 5), standing("b", 3, 5), standing("c", 2, 5),
                                           standing("d", -9, 1)};
  const auto verdicts = decide(standings, 1, 2);
  EXPECT_EQ(decisions(verdicts), (std::vector{kKept, kKept, kDropped, kDropped}));
  EXPECT_TRUE(verdicts[2].by_cap);
  EXPECT_EQ(verdicts[2].why, "place 3: dropped by the cap of 2 although its interval overlaps that of a");
  EXPECT_FALSE(verdicts[3].by_cap) << "its interval ends at -8, below -1: the cap had no part in it";
  EXPECT_EQ(verdicts[3].why.find("cap"), std::string::npos) << verdicts[3].why;
}

TEST(Decide, ALaterCandidateWithAWiderIntervalMayStay) {
  // Third place misses the bar of 1.9; fourth, less sure, reaches it.
  const std::vector<Standing> standings = {standing("bar", 2, 0.1), standing("sure", 1, 0.1),
                                           standing("unsure", 0.5, 3)};
  EXPECT_EQ(decisions(decide(standings, 1, 3)), (std::vector{kKept, kDropped, kKept}));
}

TEST(Decide, RidersStandOutsideBothCounts) {
  const std::vector<Standing> standings = {standing("incumbent", 9, 0, true), standing("a", 2, 0),
                                           standing("random", -5, 0, true), standing("b", 1, 0)};
  const auto verdicts = decide(standings, 1, 1);
  EXPECT_EQ(decisions(verdicts), (std::vector{kRides, kKept, kRides, kDropped}));
  EXPECT_EQ(verdicts[1].why, "place 1, among the best 1");
}

TEST(Decide, FewerChallengersThanKeepAllStay) {
  const std::vector<Standing> standings = {standing("a", 1, 0), standing("i", 0, 0, true), standing("b", -1, 0)};
  EXPECT_EQ(decisions(decide(standings, 5, 8)), (std::vector{kKept, kRides, kKept}));
  const std::vector<Standing> riders = {standing("i", 0, 0, true)};
  EXPECT_EQ(decisions(decide(riders, 1, 1)), (std::vector{kRides}));
  EXPECT_TRUE(decide({}, 1, 1).empty());
}

TEST(Decide, RefusesCountsThatCannotBe) {
  EXPECT_THROW(decide({}, 0, 1), std::invalid_argument);
  EXPECT_THROW(decide({}, 3, 2), std::invalid_argument);
}

TEST(Choose, NoneAboveTheIncumbentShipsNone) {
  // An interval that only touches 0 is not above it.
  const std::vector<Standing> standings = {
      standing("i", 0, 0, true), {"touches", 1, 0, 2, false}, standing("straddles", 2, 3), standing("below", -1, 0.5)};
  const Choice choice = choose(standings);
  EXPECT_EQ(choice.shipped, -1);
  EXPECT_EQ(decisions(choice.verdicts), (std::vector{kRides, kDropped, kDropped, kDropped}));
  EXPECT_EQ(choose({}).shipped, -1);
}

TEST(Choose, TheBestOfThoseAboveIsShipped) {
  // "bold" scores highest, but its interval holds 0.
  const std::vector<Standing> standings = {standing("bold", 5, 6), standing("good", 2, 1), standing("better", 3, 1),
                                           standing("i", 0, 0, true)};
  const Choice choice = choose(standings);
  EXPECT_EQ(choice.shipped, 2);
  EXPECT_EQ(decisions(choice.verdicts), (std::vector{kDropped, kDropped, Decision::shipped, kRides}));
  EXPECT_EQ(choice.verdicts[0].why, "its corrected interval is not above the incumbent");
  EXPECT_EQ(choice.verdicts[1].why, "above the incumbent, but better scores higher");
}

TEST(Choose, RidersAreNeverShipped) {
  const std::vector<Standing> standings = {standing("random", 9, 0.1, true), standing("a", 1, 0.5)};
  EXPECT_EQ(choose(standings).shipped, 1);
  EXPECT_EQ(choose(std::span(standings).first(1)).shipped, -1);
}

TEST(Choose, EqualEstimatesShipTheFirst) {
  const std::vector<Standing> standings = {standing("a", 1, 0.5), standing("b", 1, 0.2)};
  EXPECT_EQ(choose(standings).shipped, 0);
}

}  // namespace
}  // namespace tamis::sift
