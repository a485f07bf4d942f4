#include <utility>

#include "tamis/engine/autograd/walk.h"
#include "tamis/engine/tensor/elementwise.h"
#include "tamis/engine/tensor/index.h"

namespace tamis::engine {

namespace {

void add_all_rows(Tensor& dense, std::vector<GradientStore::Rows>& rows) {
  for (const GradientStore::Rows& part : rows) scatter_add_rows(dense, part.ids, part.rows);
  rows.clear();
}

Tensor buffer_for(const Node& leaf, Tensor kept) {
  if (kept.defined() && kept.shape() == leaf.shape() && kept.dtype() == leaf.dtype()) return kept;
  return Tensor(leaf.shape(), leaf.dtype());
}

}  // namespace

GradientStore::Slot& GradientStore::slot(const std::shared_ptr<Node>& leaf) {
  Slot& slot = slots_[leaf.get()];
  if (!slot.leaf) slot.leaf = leaf;
  return slot;
}

void GradientStore::add(const std::shared_ptr<Node>& leaf, Tensor g) {
  Slot& into = slot(leaf);
  Tensor& dense = into.parts.dense;
  if (dense.defined()) return add_into(dense, g);
  if (g.contiguous() && g.sole_owner()) {
    into.kept = {};
    dense = std::move(g);
  } else {
    dense = buffer_for(*leaf, std::move(into.kept));
    dense.assign(g);
  }
  add_all_rows(dense, into.parts.rows);
}

void GradientStore::add_rows(const std::shared_ptr<Node>& leaf, Tensor ids, Tensor rows) {
  Parts& parts = slot(leaf).parts;
  if (parts.dense.defined()) {
    scatter_add_rows(parts.dense, ids, rows);
  } else {
    parts.rows.push_back({std::move(ids), std::move(rows)});
  }
}

const Tensor& GradientStore::write(const std::shared_ptr<Node>& leaf, const std::function<void(Tensor&, bool)>& write) {
  Slot& into = slot(leaf);
  Tensor& dense = into.parts.dense;
  if (dense.defined()) {
    write(dense, true);
    return dense;
  }
  Tensor buffer = buffer_for(*leaf, std::move(into.kept));
  write(buffer, false);
  dense = std::move(buffer);
  add_all_rows(dense, into.parts.rows);
  return dense;
}

Tensor GradientStore::of(const Variable& leaf) {
  const auto found = slots_.find(leaf.node().get());
  if (found == slots_.end()) return {};
  Slot& slot = found->second;
  if (!slot.parts.rows.empty()) {
    slot.parts.dense = buffer_for(*leaf.node(), std::move(slot.kept));
    slot.parts.dense.fill(0);
    add_all_rows(slot.parts.dense, slot.parts.rows);
  }
  return slot.parts.dense;
}

const GradientStore::Parts* GradientStore::parts(const Variable& leaf) const {
  const auto found = slots_.find(leaf.node().get());
  if (found == slots_.end()) return nullptr;
  const Parts& parts = found->second.parts;
  return parts.dense.defined() || !parts.rows.empty() ? &parts : nullptr;
}

void GradientStore::clear() {
  for (auto& [leaf, slot] : slots_) {
    if (slot.parts.dense.defined()) slot.kept = std::move(slot.parts.dense);
    if (slot.kept.defined() && !slot.kept.sole_owner()) slot.kept = {};
    slot.parts = {};
  }
}

}  // namespace tamis::engine
