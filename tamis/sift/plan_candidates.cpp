#include "tamis/sift/plan_candidates.h"

#include <fmt/format.h>

#include <charconv>

#include "tamis/base/error.h"
#include "tamis/base/random.h"
#include "tamis/sift/plan_keys.h"

namespace tamis::sift {

namespace {

using Family = recommend::Spec::Family;

std::span<const Key> choose_family(const ConfigFile::Entry& entry) {
  const auto keys = candidate_keys(entry.kind);
  if (keys.empty()) {
    fail_caller(entry.where,
                fmt::format("candidate family \"{}\" does not exist: random, popularity, item_knn, content or blend",
                            entry.kind));
  }
  return keys;
}

std::string half_life_words(data::Time half_life) {
  if (half_life == 0) return "no half-life";
  return fmt::format("half-life {:g} days", static_cast<double>(half_life) / static_cast<double>(data::kDay));
}

void read_history_keys(const Section& section, recommend::Spec& spec) {
  spec.profile = static_cast<int>(section.integer_in("profile", 1, 10'000));
  spec.half_life = section.duration("half_life");
}

const Candidate& find_part(const std::vector<Candidate>& known, const Section& section, std::string_view name) {
  for (const Candidate& candidate : known) {
    if (candidate.name != name) continue;
    if (candidate.spec.family == Family::blend) {
      section.fail("parts", fmt::format("part \"{}\" is itself a blend", name));
    }
    return candidate;
  }
  section.fail("parts", fmt::format("part \"{}\" is not the name of a candidate above it", name));
}

void read_parts(const Section& section, const std::vector<Candidate>& known, Candidate& candidate) {
  for (const std::string& part : section.texts("parts")) {
    double weight = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), weight);
    const std::string name(end, part.data() + part.size());
    if (error != std::errc() || !(weight > 0) || weight > 1e6 || name.size() < 2 || name[0] != ' ') {
      section.fail(
          "parts",
          fmt::format("\"{}\" is not a weight above 0, a space and a name, such as \"0.5 item_knn_50\"", part));
    }
    candidate.spec.parts.emplace_back(weight, find_part(known, section, name.substr(1)).spec);
    if (!candidate.describe.empty()) candidate.describe += " + ";
    candidate.describe += fmt::format("{:g}{}", weight, name);
  }
  if (candidate.spec.parts.empty()) section.fail("parts", "a blend needs at least one part");
}

Candidate read_candidate(const Section& section, const std::vector<Candidate>& known, std::uint64_t seed) {
  Candidate candidate;
  candidate.name = section.text("name");
  candidate.family = section.text("family");
  if (candidate.name.empty() || candidate.name.size() > 60 ||
      candidate.name.find_first_of("\t\n\r/") != std::string::npos) {
    section.fail("name", "a name has 1 to 60 bytes and no tab, line end or slash");
  }
  recommend::Spec& spec = candidate.spec;
  if (candidate.family == "random") {
    spec.family = Family::random;
    spec.seed = seed ^ fnv1a(candidate.name);
    candidate.describe = "a score drawn by lot";
  } else if (candidate.family == "popularity") {
    spec.family = Family::popularity;
    spec.half_life = section.duration("half_life");
    candidate.describe = half_life_words(spec.half_life);
  } else if (candidate.family == "item_knn") {
    spec.family = Family::item_knn;
    spec.neighbours = static_cast<int>(section.integer_in("neighbours", 1, 10'000));
    spec.shrinkage = section.real_in("shrinkage", 0, 1e6);
    read_history_keys(section, spec);
    candidate.describe = fmt::format("{} neighbours, shrinkage {:g}, latest {} clicks, {}", spec.neighbours,
                                     spec.shrinkage, spec.profile, half_life_words(spec.half_life));
  } else if (candidate.family == "content") {
    spec.family = Family::content;
    read_history_keys(section, spec);
    candidate.describe = fmt::format("latest {} clicks, {}", spec.profile, half_life_words(spec.half_life));
  } else {
    spec.family = Family::blend;
    read_parts(section, known, candidate);
  }
  return candidate;
}

}  // namespace

std::vector<Candidate> read_candidates(ConfigFile& file, std::uint64_t seed) {
  std::vector<Candidate> candidates;
  for (const Section& section : file.sections("candidate", "family", choose_family)) {
    Candidate candidate = read_candidate(section, candidates, seed);
    for (const Candidate& other : candidates) {
      if (other.name == candidate.name)
        section.fail("name", fmt::format("two candidates are named \"{}\"", candidate.name));
    }
    candidates.push_back(std::move(candidate));
  }
  if (candidates.size() < 2) fail_caller(file.path().string(), "needs at least two [[candidate]] tables");
  return candidates;
}

}  // namespace tamis::sift
