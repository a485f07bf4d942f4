// The formulas of the optimizers, on numbers X that may be float, double or a vector of floats: all that is asked of X
// is + - * / and the functions square_root and at_least_zero. Read inside a namespace, once for plain numbers and once
// for every instruction set, hence no include guard. Throughout θ is the parameter, after decoupled decay; g the
// gradient, L2 in it; γ the rate; first and second are the moments.

template <class X>
struct Constants {
  X gradient_scale, l2, keep, rate, momentum, fresh, beta1, rest1, beta2, rest2, epsilon, unbias;
};

template <class X, class Broadcast>
Constants<X> broadcast_constants(const StepConstants& c, Broadcast broadcast) {
  return {broadcast(c.gradient_scale), broadcast(c.l2),        broadcast(c.keep),    broadcast(c.rate),
          broadcast(c.momentum),       broadcast(c.fresh),     broadcast(c.beta1),   broadcast(1 - c.beta1),
          broadcast(c.beta2),          broadcast(1 - c.beta2), broadcast(c.epsilon), broadcast(c.unbias)};
}

/// θ ← θ - γ g. Source: Robbins and Monro, Ann. Math. Statist. 22 (1951), equation 6.
struct Sgd {
  static constexpr int kMoments = 0;
  template <class X>
  static void step(const Constants<X>& c, X& theta, X g, X&, X&) {
    theta = theta - c.rate * g;
  }
};

/// v ← μ v + (1 - dampening) g, θ ← θ - γ v. Source: Polyak, USSR Comput. Math. 4 (1964).
struct Momentum {
  static constexpr int kMoments = 1;
  template <class X>
  static void step(const Constants<X>& c, X& theta, X g, X& velocity, X&) {
    velocity = c.momentum * velocity + c.fresh * g;
    theta = theta - c.rate * velocity;
  }
};

/// v ← μ v + g, θ ← θ - γ (g + μ v): look-ahead in terms of the point ahead. Source: Bengio et al., arXiv:1212.0901,
/// equation 7.
struct Nesterov {
  static constexpr int kMoments = 1;
  template <class X>
  static void step(const Constants<X>& c, X& theta, X g, X& velocity, X&) {
    velocity = c.momentum * velocity + g;
    theta = theta - c.rate * (g + c.momentum * velocity);
  }
};

/// g was taken at θ - γ μ v, where theta stands now; `position` is θ: v ← μ v + g, θ ← θ - γ v. Source: Sutskever et
/// al., ICML 2013, equations 3 and 4.
struct LookAhead {
  static constexpr int kMoments = 2;
  template <class X>
  static void step(const Constants<X>& c, X& theta, X g, X& velocity, X& position) {
    velocity = c.momentum * velocity + g;
    theta = c.keep * position - c.rate * velocity;
  }
};

/// s ← s + g², θ ← θ - γ g / (√s + ε). Source: Duchi et al., JMLR 12 (2011), figure 1.
struct AdaGrad {
  static constexpr int kMoments = 1;
  template <class X>
  static void step(const Constants<X>& c, X& theta, X g, X& sum, X&) {
    sum = sum + g * g;
    theta = theta - c.rate * g / (square_root(sum) + c.epsilon);
  }
};

/// s ← α s + (1 - α) g², θ ← θ - γ g / (√s + ε). Source: Tieleman and Hinton, Coursera lecture 6.5 (2012).
struct RmsProp {
  static constexpr int kMoments = 1;
  template <class X>
  static void step(const Constants<X>& c, X& theta, X g, X& square, X&) {
    square = c.beta2 * square + c.rest2 * (g * g);
    theta = theta - c.rate * g / (square_root(square) + c.epsilon);
  }
};

/// RMSProp by the variance: s - mean² in the place of s. Source: Graves, arXiv:1308.0850, equations 38 to 41.
struct CenteredRmsProp {
  static constexpr int kMoments = 2;
  template <class X>
  static void step(const Constants<X>& c, X& theta, X g, X& square, X& mean) {
    square = c.beta2 * square + c.rest2 * (g * g);
    mean = mean + c.rest2 * (g - mean);
    const X variance = at_least_zero(square - mean * mean);
    theta = theta - c.rate * g / (square_root(variance) + c.epsilon);
  }
};

/// m ← β1 m + (1 - β1) g, v ← β2 v + (1 - β2) g², θ ← θ - γ m̂ / (√v̂ + ε), where the hats divide by 1 - β^t. Source:
/// Kingma and Ba, arXiv:1412.6980, algorithm 1.
struct Adam {
  static constexpr int kMoments = 2;
  template <class X>
  static void step(const Constants<X>& c, X& theta, X g, X& mean, X& square) {
    mean = mean + c.rest1 * (g - mean);
    square = c.beta2 * square + c.rest2 * (g * g);
    theta = theta - c.rate * mean / (square_root(square) * c.unbias + c.epsilon);
  }
};

/// Elements begin .. end - 1, `lane.width()` at a time; end - begin is a multiple of that.
template <class Rule, class Lane, typename T>
void sweep(const Lane& lane, const StepConstants& constants, const Stretch<T>& s, std::size_t begin, std::size_t end) {
  using X = typename Lane::Number;
  const Constants<X> c = lane.constants(constants);
  for (std::size_t i = begin; i < end; i += lane.width()) {
    X theta = lane.load(s.parameter + i);
    const X g = c.gradient_scale * lane.load(s.gradient + i) + c.l2 * theta;
    X first{}, second{};
    if constexpr (Rule::kMoments > 0) first = lane.load(s.first + i);
    if constexpr (Rule::kMoments > 1) second = lane.load(s.second + i);
    theta = c.keep * theta;
    Rule::step(c, theta, g, first, second);
    lane.store(theta, s.parameter + i);
    if constexpr (Rule::kMoments > 0) lane.store(first, s.first + i);
    if constexpr (Rule::kMoments > 1) lane.store(second, s.second + i);
  }
}

/// Calls visit.template run<Rule>() for the rule that the settings name.
template <class Visit>
void visit_rule(const Settings& settings, const Visit& visit) {
  switch (settings.rule) {
    case Settings::Rule::sgd:
      return visit.template run<Sgd>();
    case Settings::Rule::momentum:
      return visit.template run<Momentum>();
    case Settings::Rule::nag:
      return visit.template run<Nesterov>();
    case Settings::Rule::nag_lookahead:
      return visit.template run<LookAhead>();
    case Settings::Rule::adagrad:
      return visit.template run<AdaGrad>();
    case Settings::Rule::rmsprop:
      return settings.centered ? visit.template run<CenteredRmsProp>() : visit.template run<RmsProp>();
    case Settings::Rule::adam:
    case Settings::Rule::adamw:
      return visit.template run<Adam>();
  }
}
