#include <pullback/data/loader_options.h>

#include <pullback/core/error.h>

namespace pullback::data {

void check_batch_size(const DataLoaderOptions& options) {
  const auto size = static_cast<std::int64_t>(options.batch_size());
  check<ValueError>(size > 0, "DataLoader: batch_size should be a positive integer value, but got ",
                    size);
}

FullDataLoaderOptions::FullDataLoaderOptions(const DataLoaderOptions& options)
    : batch_size(options.batch_size()),
      workers(options.workers()),
      max_jobs(options.max_jobs().value_or(2 * workers)),
      timeout(options.timeout()),
      enforce_ordering(options.enforce_ordering()),
      drop_last(options.drop_last()) {
  check_batch_size(options);
  check<ValueError>(workers <= 1024, "make_data_loader: at most 1024 workers, but got ", workers);
  check<ValueError>(workers == 0 || max_jobs > 0,
                    "make_data_loader: max_jobs should be positive, but got 0");
  check<ValueError>(!options.shuffle_is_set() && !options.generator_is_set(),
                    "make_data_loader: shuffle and generator are options of DataLoader; here the "
                    "sampler says the order: samplers::RandomSampler unless another is given");
}

}  // namespace pullback::data
