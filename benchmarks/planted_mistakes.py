"""The mistakes that `planted.py` plants: a function a rule, from a correct class to mutants of its file."""

from __future__ import annotations

from collections.abc import Mapping

import planted_construction as construction
import planted_layers as layers
import planted_methods as methods
import planted_numerics as numerics
import planted_registration as registration
import planted_text as text
from planted_place import Planter

PLANTERS: Mapping[str, Planter] = {
    "NN002": text.other_indentation,
    "NN003": text.needless_ignore,
    "NN101": construction.without_parent_call,
    "NN102": construction.late_parent_call,
    "NN103": construction.parent_call_without_parentheses,
    "NN104": construction.other_class_in_super,
    "NN105": construction.misspelled_init,
    "NN107": construction.self_given_to_super,
    "NN201": methods.forward_without_self,
    "NN202": methods.slip_of_self,
    "NN203": methods.slip_of_forward,
    "NN204": methods.misplaced_forward,
    "NN205": methods.forward_without_return,
    "NN207": methods.layer_without_self,
    "NN209": methods.forward_called,
    "NN211": methods.class_for_instance,
    "NN212": methods.comma_behind_layer,
    "NN401": registration.plain_container,
    "NN402": registration.one_layer_many_times,
    "NN403": registration.plain_tensor,
    "NN404": registration.cast_parameter,
    "NN405": registration.tensor_with_gradient,
    "NN406": registration.slip_of_requires_grad,
    "NN410": layers.layer_as_default,
    "NN412": layers.dropout_made_in_forward,
    "NN413": layers.without_base,
    "NN415": layers.sequential_of_list,
    "NN417": layers.padding_filled,
    "NN501": numerics.softmax_without_dim,
    "NN505": numerics.dropout_always_on,
    "NN513": numerics.train_without_return,
}
