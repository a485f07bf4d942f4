#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <iostream>

#include "cli/commands.h"
#include "tamis/base/parallel.h"

namespace {

/// One line on standard error, whatever the message held.
void say_error(std::string text) {
  for (char& c : text) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  spdlog::error("{}", text);
}

}  // namespace

int main(int argc, char** argv) {
  // A quota or a closed pipe shall come back as a failed write with a reason, not end the process.
  std::signal(SIGXFSZ, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  auto log = spdlog::stderr_logger_st("tamis");
  log->set_pattern("tamis: %v");
  spdlog::set_default_logger(log);

  CLI::App app{"Tamis sifts candidate recommenders down to the one worth shipping."};
  app.set_version_flag("--version", TAMIS_VERSION);
  app.require_subcommand(1);
  app.footer("Examples:\n  tamis sift examples/demo.toml --out out/demo\n  tamis sift --help");
  tamis::cli::add_sift(app);
  try {
    app.parse(argc, argv);
    std::cout.flush();
    if (!std::cout) throw std::runtime_error("[stdout] the result could not be written");
    return 0;
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    return 0;
  } catch (const CLI::Success& success) {
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    say_error(std::string(error.what()) + "; see tamis --help");
    return 2;
  } catch (const std::invalid_argument& error) {
    say_error(error.what());
    return 2;
  } catch (const std::bad_alloc&) {
    say_error("[memory] the machine has not enough memory for this");
    return 1;
  } catch (const std::exception& error) {
    say_error(error.what());
    return 1;
  }
}
