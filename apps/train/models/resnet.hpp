#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "models/image_network.hpp"

namespace wattune::train {

struct ResNetShape {
  ImageShape image = {};
  std::vector<Head> heads = {{"label", 10}};
  std::int64_t width = 64;  ///< Channels of the first stage; each further stage has twice as many.
};

/// ResNet-18 for small images: a 3 x 3 stem without a maximum, four stages of two basic blocks,
/// mean over the image, one dense layer per head.
///
/// Parts: stem, stage1.block0 ... stage4.block1, head. A width of 64 is the published network.
///
/// Source   He et al., CVPR 2016, arXiv:1512.03385, section 3.3 (blocks) and 4.2 (the stem)
/// Errors   UsageError  an image with a side below 8, which three halvings leave without a pixel
std::unique_ptr<Model> make_resnet18(const ResNetShape& shape, const BuildOptions& options);

}  // namespace wattune::train
