#include "tamis/engine/train/curves.h"

namespace tamis::train {
namespace {

Log made_log(const std::vector<double>& losses) {
  Log log;
  log.heading.steps_per_epoch = 3;
  log.heading.watch = "accuracy";
  for (std::size_t i = 0; i < losses.size(); ++i) {
    StepLine line;
    line.step = static_cast<std::int64_t>(i);
    line.epoch = line.step / 3;
    line.loss = losses[i];
    log.steps.push_back(line);
  }
  return log;
}

TEST(Curves, AComparisonTellsTheMeanOfTheLastWholeEpoch) {
  const std::string whole = comparison_page("Runs", {{"one", "", made_log({60, 50, 40, 36, 17, 25})}});
  EXPECT_NE(whole.find("<td class=\"number\">26</td>"), std::string::npos) << "(36 + 17 + 25) / 3";
  const std::string broken_off = comparison_page("Runs", {{"one", "", made_log({60, 50, 40, 36})}});
  EXPECT_NE(broken_off.find("<td class=\"number\">50</td>"), std::string::npos) << "(60 + 50 + 40) / 3";
  const std::string hardly_begun = comparison_page("Runs", {{"one", "", made_log({60})}});
  EXPECT_EQ(hardly_begun.find("<td class=\"number\">60</td>"), std::string::npos);
}

TEST(Curves, NamesAreEscaped) {
  const std::string page = comparison_page("<b>", {{"a<b", "x & y", made_log({1, 1, 1})}});
  EXPECT_EQ(page.find("a<b"), std::string::npos);
  EXPECT_NE(page.find("x &amp; y"), std::string::npos);
}

}  // namespace
}  // namespace tamis::train
