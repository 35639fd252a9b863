#include <pullback/nn/module.h>

namespace pullback {

template class OrderedDict<std::string, Tensor>;
template class OrderedDict<std::string, std::shared_ptr<nn::Module>>;

}  // namespace pullback
