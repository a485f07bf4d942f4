#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <stdexcept>

#include "cli/commands.h"

namespace {

/// One line on standard error, whatever the message held.
void say_error(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
  }
  spdlog::error("{}", text);
}

/// What the command line holds that no command knows.
std::string unknown_words(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  const std::string asked = chosen.empty() ? "tamis" : "tamis " + chosen.front()->get_name();
  const auto words = app.remaining(true);
  const std::string first = words.empty() ? "" : words.front();
  if (first.starts_with('-') && first != "--")
    return fmt::format("[{}] is not an option of {}; see {} --help", first, asked, asked);
  if (!chosen.empty()) return fmt::format("[{}] is one argument too many; see {} --help", first, asked);
  std::string commands;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    commands += (commands.empty() ? "" : ", ") + command->get_name();
  }
  const std::string what = first.empty() ? "[tamis] no command is given" : fmt::format("[{}] is not a command", first);
  return fmt::format("{}; the commands are: {}; see tamis --help", what, commands);
}

/// Prints what was asked for as text, and says so if that fails.
int print(const std::string& text) {
  std::cout << text << std::flush;
  if (std::cout) return 0;
  say_error("[standard output] cannot be written");
  return 1;
}

void keep_standard_streams() {
  // A file opened where a standard stream was closed would take its number, and with it all that is printed.
  while (true) {
    const int descriptor = ::open("/dev/null", O_RDONLY);
    if (descriptor > STDERR_FILENO) ::close(descriptor);
    if (descriptor < 0 || descriptor > STDERR_FILENO) return;
  }
}

int run(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) throw std::invalid_argument(unknown_words(app));
    return 0;
  } catch (const CLI::CallForHelp&) {
    return print(app.help());
  } catch (const CLI::CallForVersion& version) {
    return print(std::string(version.what()) + "\n");
  } catch (const CLI::ExtrasError&) {
    say_error(unknown_words(app));
  } catch (const CLI::ParseError& error) {
    say_error(std::string(error.what()) + "; see tamis --help");
  } catch (const std::invalid_argument& error) {
    say_error(error.what());
  } catch (const std::bad_alloc&) {
    say_error("[memory] the machine has not enough memory for this");
    return 1;
  } catch (const std::exception& error) {
    say_error(error.what());
    return 1;
  }
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  keep_standard_streams();
  // A quota or a closed pipe shall come back as a failed write with a reason, not end the process.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  auto log = spdlog::stderr_logger_st("tamis");
  log->set_pattern("tamis: %v");
  spdlog::set_default_logger(log);

  CLI::App app{"Tamis sifts candidate recommenders down to the one worth shipping."};
  app.set_version_flag("--version", TAMIS_VERSION);
  app.footer("Examples:\n  tamis sift examples/demo.toml --out out/demo\n  tamis sift --help");
  tamis::cli::add_sift(app);
  tamis::cli::add_train(app);
  tamis::cli::add_doctor(app);
  tamis::cli::add_reproduce(app);
  tamis::cli::add_memory(app);
  tamis::cli::add_gradcheck(app);
  tamis::cli::add_tokenize(app);
  tamis::cli::add_embed(app);
  tamis::cli::add_sts(app);
  tamis::cli::add_whiten(app);
  tamis::cli::add_flow(app);
  tamis::cli::add_geometry(app);
  tamis::cli::add_cluster(app);
  tamis::cli::add_index(app);
  tamis::cli::add_metrics(app);
  tamis::cli::add_compare(app);
  tamis::cli::add_split(app);
  tamis::cli::add_evaluate(app);
  tamis::cli::add_features(app);
  tamis::cli::add_snapshot(app);
  tamis::cli::add_replay(app);
  tamis::cli::add_bench(app);
  return run(app, argc, argv);
}
