#pragma once

namespace CLI {
class App;
}

namespace tamis::cli {

/// `tamis sift PLAN.toml`: the funnel.
void add_sift(CLI::App& app);
/// `tamis train CONFIG.toml`: a network.
void add_train(CLI::App& app);
/// `tamis reproduce STUDY --out DIR`: a published study, run here.
void add_reproduce(CLI::App& app);
/// `tamis doctor CONFIG.toml|RUN_DIR`: what is wrong with a training run.
void add_doctor(CLI::App& app);
/// `tamis memory CONFIG.toml`: what training and evaluation will hold.
void add_memory(CLI::App& app);
/// `tamis gradcheck CONFIG.toml`: gradients by tape, rule and differences.
void add_gradcheck(CLI::App& app);
/// `tamis bench`: what the engine does, timed against the machine's peak and PyTorch.
void add_bench(CLI::App& app);
/// `tamis tokenize --model DIR --out F.jsonl`: lines of text to tokens.
void add_tokenize(CLI::App& app);
/// `tamis embed --model DIR --out F`: lines of text to vectors.
void add_embed(CLI::App& app);
/// `tamis whiten --out F`: a transform of vectors, fitted and stored.
void add_whiten(CLI::App& app);
/// `tamis flow --out F`: the other transform.
void add_flow(CLI::App& app);
/// `tamis geometry`: how vectors lie in their space.
void add_geometry(CLI::App& app);
/// `tamis index build|search|duplicates`: vector search.
void add_index(CLI::App& app);
/// `tamis cluster kmeans --input F --k K`: groups of vectors.
void add_cluster(CLI::App& app);
/// `tamis sts --model DIR --set S`: how good vectors are.
void add_sts(CLI::App& app);
/// `tamis metrics ranking|binary|multiclass|regression|curve`: how good predictions are.
void add_metrics(CLI::App& app);
/// `tamis compare --a F --b F --metric M`: two systems over the same units.
void add_compare(CLI::App& app);
/// `tamis split holdout|kfold|bootstrap|time|leave-last|check`: rows to fit on and rows to score.
void add_split(CLI::App& app);
/// `tamis evaluate PLAN.toml`: candidates over the folds of a split.
void add_evaluate(CLI::App& app);
/// `tamis snapshot build|list|get|verify`: the days of the Time Machine.
void add_snapshot(CLI::App& app);
/// `tamis features --labels F --facts F --by COL`: labels joined to what was known.
void add_features(CLI::App& app);
/// `tamis replay daily|bandit`: candidates on a log of the past.
void add_replay(CLI::App& app);

}  // namespace tamis::cli
