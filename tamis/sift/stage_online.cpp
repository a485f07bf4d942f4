#include <fmt/format.h>

#include <algorithm>

#include "tamis/base/parallel.h"
#include "tamis/evidence/experiment/assignment.h"
#include "tamis/evidence/interleave/team_draft.h"
#include "tamis/sift/stages.h"
#include "tamis/stats/summary.h"

namespace tamis::sift {

namespace {

simulate::Setting setting_of(const Run& run) {
  return {run.seed, run.plan.world.requests, static_cast<std::size_t>(run.plan.world.length), run.scene.catalogue};
}

/// What one user did under one arm.
struct UserDays {
  double clicks = 0;
  double seconds = 0;
  std::uint64_t lists = 0;
  std::uint64_t cold = 0;
  data::Time first_exposure = -1;
};

UserDays serve_alone(const Run& run, const data::Ranker& ranker, data::Index user, int days) {
  const simulate::Audience& audience = *run.scene.audience;
  const simulate::Setting setting = setting_of(run);
  simulate::UserState state = simulate::begin(audience, user);
  UserDays done;
  std::vector<data::Index> items;
  const auto make_list = [&](const data::Request& request) {
    items = data::rank(ranker, request, setting.length);
    ++done.lists;
    done.cold += request.history.empty() ? 1 : 0;
    return std::span<const data::Index>(items);
  };
  const auto watch = [&](const simulate::Outcome& outcome) {
    if (outcome.seconds < 0) return;
    done.clicks += 1;
    done.seconds += outcome.seconds;
  };
  const auto expose = [&](data::Time time) {
    if (done.first_exposure < 0) done.first_exposure = time;
  };
  for (int day = 0; day < days; ++day) {
    simulate::serve_day(audience, setting, user, audience.launch_day() + day, state, make_list, watch, expose);
  }
  return done;
}

interleave::Credit serve_interleaved(const Run& run, const data::Ranker& a, const data::Ranker& b, data::Index user,
                                     int days, UserDays& done) {
  const simulate::Audience& audience = *run.scene.audience;
  const simulate::Setting setting = setting_of(run);
  simulate::UserState state = simulate::begin(audience, user);
  interleave::Credit credit;
  interleave::Merged merged;
  const auto make_list = [&](const data::Request& request) {
    const auto of_a = data::rank(a, request, setting.length);
    const auto of_b = data::rank(b, request, setting.length);
    Stream coin(run.seed, "team draft", (std::uint64_t{user} << 32) | request.id);
    merged = interleave::team_draft(of_a, of_b, setting.length, coin);
    ++done.lists;
    done.cold += request.history.empty() ? 1 : 0;
    return std::span<const data::Index>(merged.items);
  };
  const auto watch = [&](const simulate::Outcome& outcome) {
    if (outcome.seconds >= 0) credit.update(merged.team[outcome.rank - 1], outcome.seconds);
  };
  for (int day = 0; day < days; ++day) {
    simulate::serve_day(audience, setting, user, audience.launch_day() + day, state, make_list, watch);
  }
  return credit;
}

Measured gather(const std::vector<data::Index>& users, const std::vector<UserDays>& done, interleave::CreditBy credit) {
  Measured measured;
  std::vector<double> clicks;
  std::vector<double> seconds;
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (done[i].first_exposure < 0) continue;
    measured.values.users.push_back(users[i]);
    clicks.push_back(done[i].clicks);
    seconds.push_back(done[i].seconds);
    measured.exposed.push_back(done[i].first_exposure);
    measured.served += done[i].lists;
    measured.cold += done[i].cold;
  }
  const bool by_clicks = credit == interleave::CreditBy::clicks;
  measured.metrics = {{"clicks", stats::summarize(clicks).mean}, {"seconds", stats::summarize(seconds).mean}};
  if (!by_clicks) std::swap(measured.metrics[0], measured.metrics[1]);
  measured.values.values = by_clicks ? std::move(clicks) : std::move(seconds);
  return measured;
}

Measured run_arm(const Run& run, const data::Ranker& ranker, const std::vector<data::Index>& users, int days,
                 interleave::CreditBy credit) {
  std::vector<UserDays> done(users.size());
  parallel_for(
      users.size(), [&](std::size_t i) { done[i] = serve_alone(run, ranker, users[i], days); }, 16);
  return gather(users, done, credit);
}

}  // namespace

std::vector<Measured> measure_interleave(const Run& run, const StagePlan& stage,
                                         const std::vector<std::size_t>& entered, Traffic& traffic) {
  recommend::Fitter fitter(run.scene.data.log, run.scene.data.items, run.scene.until);
  std::vector<Measured> all;
  run.progress.begin("interleave", entered.size());
  for (const std::size_t c : entered) {
    run.progress.advance();
    if (c == run.plan.incumbent) {
      all.emplace_back();
      continue;
    }
    const Candidate& candidate = run.plan.candidates[c];
    const auto users = traffic.take(static_cast<std::size_t>(stage.users));
    all.push_back(measured_from_json(run.journal.once(fmt::format("interleave/{}", candidate.name), [&] {
      const data::Fitted a = fitter.fit(run.plan.candidates[run.plan.incumbent].spec);
      const data::Fitted b = fitter.fit(candidate.spec);
      std::vector<UserDays> done(users.size());
      std::vector<interleave::Credit> credit(users.size());
      parallel_for(
          users.size(),
          [&](std::size_t i) { credit[i] = serve_interleaved(run, *a, *b, users[i], stage.days, done[i]); }, 16);
      Measured measured;
      interleave::Credit total;
      for (std::size_t i = 0; i < users.size(); ++i) {
        if (done[i].lists == 0) continue;  // never came: met no list
        measured.values.users.push_back(users[i]);
        measured.values.values.push_back(interleave::preference(credit[i], stage.credit));
        measured.served += done[i].lists;
        measured.cold += done[i].cold;
        total.merge(credit[i]);
      }
      measured.metrics = {{"preference", stats::summarize(measured.values.values).mean},
                          {"clicks_incumbent", total.clicks_a},
                          {"clicks_candidate", total.clicks_b},
                          {"seconds_incumbent", total.seconds_a},
                          {"seconds_candidate", total.seconds_b}};
      return to_json(measured);
    })));
  }
  run.progress.end();
  return all;
}

AbResult measure_ab(const Run& run, const StagePlan& stage, const std::vector<std::size_t>& entered, Traffic& traffic) {
  recommend::Fitter fitter(run.scene.data.log, run.scene.data.items, run.scene.until);
  const auto users = traffic.take(static_cast<std::size_t>(stage.users) * entered.size());
  const std::string salt = fmt::format("ab/{}", run.seed);
  const std::vector<double> weights(entered.size(), 1.0);
  std::vector<std::vector<data::Index>> by_arm(entered.size());
  for (const data::Index user : users) {
    by_arm[experiment::assign(salt, run.scene.audience->name(user), weights)].push_back(user);
  }
  AbResult result;
  std::vector<std::uint64_t> exposed;
  run.progress.begin("ab", entered.size());
  for (std::size_t arm = 0; arm < entered.size(); ++arm) {
    const Candidate& candidate = run.plan.candidates[entered[arm]];
    result.arms.push_back(measured_from_json(run.journal.once(fmt::format("ab/{}", candidate.name), [&] {
      return to_json(run_arm(run, *fitter.fit(candidate.spec), by_arm[arm], stage.days, stage.credit));
    })));
    exposed.push_back(result.arms.back().values.users.size());
    run.progress.advance();
  }
  run.progress.end();
  result.sample_ratio_p = experiment::sample_ratio_p(exposed, weights);
  return result;
}

std::vector<Measured> roll_out_all(const Run& run, int days, interleave::CreditBy credit, Traffic& traffic) {
  recommend::Fitter fitter(run.scene.data.log, run.scene.data.items, run.scene.until);
  const auto users = traffic.take(static_cast<std::size_t>(run.plan.truth_users));
  std::vector<Measured> all;
  run.progress.begin("truth", run.plan.candidates.size());
  for (const Candidate& candidate : run.plan.candidates) {
    all.push_back(measured_from_json(run.journal.once(fmt::format("truth/{}", candidate.name), [&] {
      return to_json(run_arm(run, *fitter.fit(candidate.spec), users, days, credit));
    })));
    run.progress.advance();
  }
  run.progress.end();
  return all;
}

}  // namespace tamis::sift
