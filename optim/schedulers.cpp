#include <pullback/optim/schedulers.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <pullback/optim/state.h>

namespace pullback::optim {

using std::numbers::pi;

LRScheduler::LRScheduler(Optimizer& optimizer) : optimizer_(optimizer) {
  note_groups();
}

void LRScheduler::note_groups() {
  auto& groups = optimizer_.param_groups();
  while (base_.size() < groups.size()) {
    ParamGroup& group = groups[base_.size()];
    if (!group.initial_lr()) group.set_initial_lr(group.options().get_lr());
    base_.push_back(*group.initial_lr());
  }
}

void LRScheduler::step() {
  ++epoch_;
  try {
    apply();
  } catch (...) {
    --epoch_;
    throw;
  }
}

void LRScheduler::apply() {
  note_groups();
  auto& groups = optimizer_.param_groups();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    OptimizerOptions& options = groups[g].options();
    options.set_lr(rate(epoch_, options.get_lr(), base_[g]));
  }
}

std::vector<double> LRScheduler::get_last_lr() const {
  std::vector<double> rates;
  for (const ParamGroup& group : optimizer_.param_groups())
    rates.push_back(group.options().get_lr());
  return rates;
}

OrderedDict<std::string, Tensor> LRScheduler::state_dict() const {
  detail::Dict dict("Key");
  dict.insert("last_epoch", detail::number(static_cast<double>(epoch_)));
  dict.insert("base_lrs", tensor(base_, kDouble));
  return dict;
}

void LRScheduler::load_state_dict(const OrderedDict<std::string, Tensor>& state) {
  detail::Reader reader(state);
  const auto epoch = static_cast<std::int64_t>(reader.take_number("last_epoch"));
  const Tensor base = reader.take("base_lrs").to(kDouble).contiguous();
  reader.finish();
  check(base.numel() == static_cast<std::int64_t>(base_.size()),
        "load_state_dict: \"base_lrs\" has ", base.numel(), " rates for ", base_.size(),
        " parameter groups");
  epoch_ = epoch;
  std::copy_n(base.data_ptr<double>(), base_.size(), base_.begin());
}

StepLR::StepLR(Optimizer& optimizer, std::int64_t step_size, double gamma)
    : LRScheduler(optimizer), step_size_(step_size), gamma_(gamma) {
  check<ValueError>(step_size > 0, "StepLR: step_size must be positive, got ", step_size);
}
double StepLR::rate(std::int64_t epoch, double before, double) const {
  return epoch % step_size_ == 0 ? before * gamma_ : before;
}

MultiStepLR::MultiStepLR(Optimizer& optimizer, std::vector<std::int64_t> milestones, double gamma)
    : LRScheduler(optimizer), milestones_(std::move(milestones)), gamma_(gamma) {
  begin();
}
double MultiStepLR::rate(std::int64_t epoch, double before, double) const {
  const auto times = std::count(milestones_.begin(), milestones_.end(), epoch);
  return before * std::pow(gamma_, static_cast<double>(times));
}

ExponentialLR::ExponentialLR(Optimizer& optimizer, double gamma)
    : LRScheduler(optimizer), gamma_(gamma) {}
double ExponentialLR::rate(std::int64_t, double before, double) const {
  return before * gamma_;
}

LambdaLR::LambdaLR(Optimizer& optimizer, std::function<double(std::int64_t)> factor)
    : LRScheduler(optimizer), factor_(std::move(factor)) {
  check<ValueError>(factor_ != nullptr, "LambdaLR: the function is empty");
  begin();
}
double LambdaLR::rate(std::int64_t epoch, double, double base) const {
  return base * factor_(epoch);
}

CosineAnnealingLR::CosineAnnealingLR(Optimizer& optimizer, std::int64_t T_max, double eta_min)
    : LRScheduler(optimizer), T_max_(T_max), eta_min_(eta_min) {
  constexpr std::int64_t kMost = std::int64_t{1} << 60;
  check<ValueError>(T_max > 0 && T_max < kMost,
                    "CosineAnnealingLR: T_max must be positive, and less than 2^60, got ", T_max);
}
double CosineAnnealingLR::rate(std::int64_t epoch, double before, double base) const {
  const double period = static_cast<double>(T_max_), t = static_cast<double>(epoch);
  if ((epoch - 1 - T_max_) % (2 * T_max_) == 0)
    return before + (base - eta_min_) * (1 - std::cos(pi / period)) / 2;
  return (1 + std::cos(pi * t / period)) / (1 + std::cos(pi * (t - 1) / period)) *
             (before - eta_min_) +
         eta_min_;
}

OneCycleLR::OneCycleLR(Optimizer& optimizer, double max_lr, std::int64_t total_steps,
                       const OneCycleOptions& options)
    : LRScheduler(optimizer), max_lr_(max_lr), total_steps_(total_steps), options_(options) {
  check<ValueError>(total_steps > 0, "OneCycleLR: expected positive integer total_steps, but got ",
                    total_steps);
  check<ValueError>(0 <= options.pct_start() && options.pct_start() <= 1,
                    "OneCycleLR: expected float between 0 and 1 pct_start, but got ",
                    options.pct_start());
  for (ParamGroup& group : optimizer.param_groups())
    check<ValueError>(!options.cycle_momentum() || group.options().momentum_or_null(),
                      "OneCycleLR: optimizer must support momentum or beta1 with `cycle_momentum` "
                      "option enabled");
  for (ParamGroup& group : optimizer.param_groups())
    group.set_initial_lr(max_lr / options.div_factor());
  begin();
}

/// The value at this step of a course from low to high and on to last.
double OneCycleLR::between(double low, double high, double last) const {
  const double step = static_cast<double>(last_epoch());
  const double top = options_.pct_start() * static_cast<double>(total_steps_) - 1;
  const double end = static_cast<double>(total_steps_ - 1);
  const auto anneal = [](double from, double to, double part) {
    return to + (from - to) / 2 * (1 + std::cos(pi * part));
  };
  return step <= top ? anneal(low, high, top == 0 ? 0 : step / top)
                     : anneal(high, last, end == top ? 1 : (step - top) / (end - top));
}

double OneCycleLR::rate(std::int64_t, double, double) const {
  const double first = max_lr_ / options_.div_factor();
  return between(first, max_lr_, first / options_.final_div_factor());
}

void OneCycleLR::apply() {
  check<ValueError>(last_epoch() <= total_steps_, "OneCycleLR: tried to step ", last_epoch(),
                    " times. The specified number of total steps is ", total_steps_);
  LRScheduler::apply();
  if (!options_.cycle_momentum()) return;
  for (ParamGroup& group : optimizer_.param_groups())
    if (double* momentum = group.options().momentum_or_null())
      *momentum =
          between(options_.max_momentum(), options_.base_momentum(), options_.max_momentum());
}

ReduceLROnPlateau::ReduceLROnPlateau(Optimizer& optimizer, const PlateauOptions& options)
    : optimizer_(optimizer),
      options_(options),
      best_(options.mode() == PlateauOptions::Mode::Min
                ? std::numeric_limits<double>::infinity()
                : -std::numeric_limits<double>::infinity()) {
  check<ValueError>(options.factor() < 1, "ReduceLROnPlateau: factor should be < 1.0, got ",
                    options.factor());
}

bool ReduceLROnPlateau::better(double metric) const {
  const bool relative = options_.threshold_mode() == PlateauOptions::ThresholdMode::Rel;
  const double threshold = options_.threshold();
  if (options_.mode() == PlateauOptions::Mode::Min)
    return metric < (relative ? best_ * (1 - threshold) : best_ - threshold);
  return metric > (relative ? best_ * (1 + threshold) : best_ + threshold);
}

void ReduceLROnPlateau::step(double metric) {
  if (better(metric)) {
    best_ = metric;
    bad_epochs_ = 0;
  } else {
    ++bad_epochs_;
  }
  if (cooldown_left_ > 0) {
    --cooldown_left_;
    bad_epochs_ = 0;
  }
  if (bad_epochs_ <= options_.patience()) return;
  for (ParamGroup& group : optimizer_.param_groups()) {
    const double before = group.options().get_lr();
    const double rate = std::max(before * options_.factor(), options_.min_lr());
    if (before - rate > options_.eps()) group.options().set_lr(rate);
  }
  cooldown_left_ = options_.cooldown();
  bad_epochs_ = 0;
}

OrderedDict<std::string, Tensor> ReduceLROnPlateau::state_dict() const {
  detail::Dict dict("Key");
  dict.insert("best", detail::number(best_));
  dict.insert("num_bad_epochs", detail::number(static_cast<double>(bad_epochs_)));
  dict.insert("cooldown_counter", detail::number(static_cast<double>(cooldown_left_)));
  return dict;
}

void ReduceLROnPlateau::load_state_dict(const OrderedDict<std::string, Tensor>& state) {
  detail::Reader reader(state);
  const double best = reader.take_number("best");
  const auto bad = static_cast<std::int64_t>(reader.take_number("num_bad_epochs"));
  const auto left = static_cast<std::int64_t>(reader.take_number("cooldown_counter"));
  reader.finish();
  best_ = best, bad_epochs_ = bad, cooldown_left_ = left;
}

}  // namespace pullback::optim
