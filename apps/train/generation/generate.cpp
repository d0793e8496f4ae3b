#include "generation/generate.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <mutex>

#include "data/text_corpus.hpp"
#include "errors.hpp"
#include "training/counter_random.hpp"

namespace wattune::train {
namespace {

/// Prompts of equal length [batch x prompt tokens]: the one given, or pieces of the validation
/// part.
class Prompts {
 public:
  Prompts(const GenerateOptions& options, const Tokenizer& tokenizer)
      : options_(options), random_(options.seed, Stream::Order, 0) {
    if (options.prompt) {
      tokens_ = tokenizer.encode(*options.prompt);
      length_ = static_cast<std::int64_t>(tokens_.size());
    } else {
      tokens_ = tokenizer.encode(read_text_corpus(options.data).validation);
      length_ = options.prompt_tokens;
    }
    if (length_ < 1 || static_cast<std::int64_t>(tokens_.size()) < length_) {
      throw UsageError(fmt::format("{} tokens of prompt are needed; there are {}",
                                   std::max<std::int64_t>(1, length_), tokens_.size()));
    }
  }

  [[nodiscard]] std::int64_t length() const { return length_; }

  at::Tensor next() {
    at::Tensor prompts = at::empty({options_.batch_size, length_}, at::kLong);
    auto* numbers = prompts.data_ptr<std::int64_t>();
    const auto places =
        static_cast<std::uint32_t>(static_cast<std::int64_t>(tokens_.size()) - length_ + 1);
    for (std::int64_t text = 0; text < options_.batch_size; ++text, numbers += length_) {
      std::copy_n(tokens_.begin() + random_.below(places), length_, numbers);
    }
    return prompts;
  }

 private:
  const GenerateOptions& options_;
  CounterRandom random_;
  std::vector<std::int64_t> tokens_;
  std::int64_t length_ = 0;
};

at::Tensor chosen_tokens(const at::Tensor& logits, double temperature) {
  if (temperature <= 0) return logits.argmax(-1, true);
  return (logits / temperature).softmax(-1).multinomial(1);
}

/// Writes one batch of texts.
///
/// Gives    [batch x prompt and new tokens]
at::Tensor write_batch(const GenerateOptions& options, LanguageModel& model,
                       const at::Tensor& prompts) {
  model.begin(options.batch_size);
  std::vector<at::Tensor> texts{prompts};
  for (std::int64_t i = 0; i < options.tokens; ++i) {
    texts.push_back(chosen_tokens(model.go_on(texts.back()), options.temperature));
  }
  return at::cat(texts, 1).cpu();  // a GPU has finished when its result is here
}

void seed_draws(std::uint64_t seed, at::Device device) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard lock(generator.mutex());
  generator.set_current_seed(seed);
}

std::string text_of(const at::Tensor& tokens, const Tokenizer& tokenizer) {
  const at::Tensor row = tokens.contiguous();
  const auto* numbers = row.data_ptr<std::int64_t>();
  std::vector<std::int64_t> known;
  for (std::int64_t i = 0; i < row.numel(); ++i) {
    if (numbers[i] < tokenizer.vocabulary()) known.push_back(numbers[i]);
  }
  return tokenizer.decode(known);
}

}  // namespace

Generated generate(const GenerateOptions& options, LanguageModel& model, at::Device device,
                   Observer& observer) {
  const at::NoGradGuard no_grad;
  Prompts prompts(options, model.tokenizer());
  if (prompts.length() + options.tokens > model.context() + 1) {
    throw UsageError(fmt::format(
        "--tokens: '{}' is not allowed; with {} tokens of prompt the model's context of {} takes "
        "{}",
        options.tokens, prompts.length(), model.context(), model.context() + 1 - prompts.length()));
  }
  seed_draws(options.seed, device);
  observer.info(model.facts());
  Generated result;
  const auto run = [&](std::string_view phase, std::int64_t batches) {
    observer.phase_begin(phase);
    const auto began = std::chrono::steady_clock::now();
    at::Tensor texts;
    std::int64_t done = 0;
    for (; done < batches && !result.asked_to_end; ++done) {
      texts = write_batch(options, model, prompts.next().to(device));
      result.asked_to_end = observer.should_end();
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    const std::int64_t num_tokens = done * options.batch_size * options.tokens;
    observer.phase_end(phase, num_tokens);
    result.num_tokens = num_tokens;
    result.seconds = took.count();
    if (texts.defined()) result.sample = text_of(texts[0], model.tokenizer());
  };
  if (options.warm_up > 0) run("warm_up", options.warm_up);
  if (!result.asked_to_end) run("inference", options.repetitions);
  return result;
}

}  // namespace wattune::train
