#include "tamis/evidence/simulate/audience.h"

#include <algorithm>

namespace tamis::simulate {

namespace {

/// The catalogue less what the user clicked or was shown.
void choose_candidates(const Setting& setting, const UserState& state, std::vector<data::Index>& out) {
  static thread_local std::vector<std::uint8_t> taken;
  const auto mark = [&](data::Index item, std::uint8_t value) {
    if (item >= taken.size()) taken.resize(std::size_t{item} + 1);
    taken[item] = value;
  };
  for (const auto& click : state.history) mark(click.item, 1);
  for (const data::Index item : state.shown) mark(item, 1);
  out.clear();
  for (const data::Index item : setting.catalogue) {
    if (item >= taken.size() || taken[item] == 0) out.push_back(item);
  }
  for (const auto& click : state.history) mark(click.item, 0);
  for (const data::Index item : state.shown) mark(item, 0);
}

}  // namespace

UserState begin(const Audience& audience, data::Index user) {
  const auto history = audience.history(user);
  return {audience.satisfaction(user), {history.begin(), history.end()}, {}};
}

bool serve_day(const Audience& audience, const Setting& setting, data::Index user, int day, UserState& state,
               const MakeList& make_list, const Watch& watch, const std::function<void(data::Time)>& before_list) {
  const auto day_word = static_cast<std::uint32_t>(day);
  const Luck visit(setting.seed, "visit");
  if (visit.uniform(user, day_word) >= audience.visit_probability(user, day, state.satisfaction)) return false;
  const Luck hour(setting.seed, "hour");
  const Luck depth(setting.seed, "depth");
  const Luck click(setting.seed, "click");
  const Luck stay(setting.seed, "stay");
  const data::Time day_start = audience.launch() + (day - audience.launch_day()) * data::kDay;
  const auto first = day_start + static_cast<data::Time>((7 + 15 * hour.uniform(user, day_word)) * data::kHour);
  static thread_local std::vector<data::Index> candidates;
  for (int list = 0; list < setting.requests; ++list) {
    const auto list_word = static_cast<std::uint32_t>(list);
    const data::Time time = first + list * 300 * data::kSecond;
    choose_candidates(setting, state, candidates);
    data::Request request;
    request.user = user;
    request.time = time;
    request.id = (std::uint64_t{day_word} << 8) | list_word;
    request.history = state.history;
    request.candidates = candidates;
    if (before_list) before_list(time);
    const auto items = make_list(request);
    const double reach = depth.uniform(user, day_word, list_word);
    double clicks = 0;
    for (std::size_t i = 0; i < items.size() && i < setting.length; ++i) {
      Outcome outcome{items[i], i + 1, -1, time, request.id};
      const bool looked = reach < audience.attention(i + 1);
      if (looked &&
          click.uniform(user, items[i], day_word, list_word) < audience.click_probability(user, items[i], day)) {
        outcome.seconds = audience.stay(user, items[i], day, stay.normal(user, items[i], day_word, list_word));
        // Clicks of a list are made one after another, and all before the next list.
        outcome.time = time + static_cast<data::Time>(i + 1) * data::kSecond;
        clicks += 1;
        state.history.push_back({items[i], static_cast<float>(outcome.seconds), outcome.time});
      }
      state.shown.push_back(items[i]);
      watch(outcome);
    }
    state.satisfaction += 0.3 * (clicks - state.satisfaction);
  }
  return true;
}

}  // namespace tamis::simulate
