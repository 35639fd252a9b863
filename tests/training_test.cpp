#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.h"
#include "reference/reference.h"

namespace {

struct Outcome {
  int status;
  std::string output;
  std::vector<double> losses;
};

/// Runs examples/02_train_digits in a folder of its own.
Outcome train(const std::string& arguments) {
  namespace fs = std::filesystem;
  std::string folder = (fs::temp_directory_path() / "digitsXXXXXX").string();
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string command = "cd " + folder +
                              " && " PULLBACK_TRAIN_DIGITS " --losses losses.txt " + arguments +
                              " > output.txt 2>&1";
  Outcome outcome;
  outcome.status = std::system(command.c_str());
  std::ifstream output(folder + "/output.txt"), losses(folder + "/losses.txt");
  outcome.output.assign(std::istreambuf_iterator<char>(output), {});
  for (double loss; losses >> loss;) outcome.losses.push_back(loss);
  fs::remove_all(folder);
  return outcome;
}

double number_after(const std::string& text, const std::string& words) {
  const auto at = text.rfind(words);
  REQUIRE(at != std::string::npos);
  return std::strtod(text.c_str() + at + words.size(), nullptr);
}

}  // namespace

TEST_CASE("the digits are learned, on an orthogonal layer, and the saved network knows them too") {
  const Outcome run = train("");
  INFO(run.output);
  CHECK(run.status == 0);
  const double accuracy = number_after(run.output, "test accuracy ");
  CHECK(accuracy >= 97);
  CHECK(number_after(run.output, "|W'W - I| = ") < 1e-5);
  CHECK(number_after(run.output, "loaded into a fresh network: ") == accuracy);
}

TEST_CASE("the first epoch's losses are those of the PyTorch twin") {
  const auto twin = pullback_tests::reference("digits_losses.json");
  const Outcome run = train("--epochs 1");
  const auto expected = twin["losses"].get<std::vector<double>>();
  REQUIRE(run.losses.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i)
    worst = std::max(worst, std::fabs(run.losses[i] - expected[i]));
  CHECK(worst < 1e-4);
}

TEST_CASE("training gives the same numbers twice and on one or two threads, another seed others") {
  const Outcome first = train("--epochs 2 --threads 2"), second = train("--epochs 2 --threads 2");
  const Outcome alone = train("--epochs 2 --threads 1"), other = train("--epochs 2 --seed 1");
  CHECK(first.losses == second.losses);
  CHECK(first.losses == alone.losses);
  CHECK(first.losses != other.losses);
}

TEST_CASE("the training program says what is wrong with its arguments") {
  const Outcome missing = train("--data nowhere.csv"), folder = train("--mnist nowhere");
  CHECK(missing.status != 0);
  CHECK(missing.output.find("nowhere.csv") != std::string::npos);
  CHECK(folder.status != 0);
  CHECK(folder.output.find("nowhere") != std::string::npos);
  CHECK(train("--epochs 0").status != 0);
}
