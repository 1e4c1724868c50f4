"""First guesses for the inputs of a module: by the first layer that consumes them, by names, then plain ones."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from typing import Any, Iterator, List, Optional, Tuple

from torch import nn

from .reading import Reading
from .specs import Shape, Spec, Specs, forward_parameters
from .vocabulary import input_kind

BATCH = 2
LENGTH = 16
LEVELS = 4  # of feature maps in a list
TOLD = 3  # shapes of the first layer that are put together with what the text tells
CHANNELS = r"[cC]\w?|\w*(ch|chan|chans|channels?|dim|dims|embed|emb|features?|hidden)\w{0,3}|[dDeE]"
SIDE = 4  # of a square of tokens: SIDE * SIDE == LENGTH
PLAIN: Tuple[Shape, ...] = (
    (BATCH, 3, 64, 64),
    (BATCH, 64, 16, 16),
    (BATCH, LENGTH, 64),
    (BATCH, 64),
    (BATCH, 64, LENGTH),
    (BATCH, 8),
    (BATCH, 3, 8, 32, 32),
    (BATCH,),
)


def consumed_shapes(layer: nn.Module) -> List[Shape]:
    """Shapes that a layer of torch takes, the likeliest first; empty for one that takes any, or that was built with
    what is no size."""
    return [shape for shape in usual_shapes(layer) if all(isinstance(size, int) for size in shape)]


def usual_shapes(layer: nn.Module) -> List[Shape]:
    """The shapes by the kind of layer, of whatever it was built with."""
    if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
        return [(BATCH, layer.in_channels, size, size) for size in (32, 64)]
    if isinstance(layer, (nn.Conv1d, nn.ConvTranspose1d)):
        return [(BATCH, layer.in_channels, 64)]
    if isinstance(layer, (nn.Conv3d, nn.ConvTranspose3d)):
        return [(BATCH, layer.in_channels, 8, 32, 32)]
    if isinstance(layer, nn.Linear):
        return [
            (BATCH, layer.in_features),
            (BATCH, LENGTH, layer.in_features),
            (BATCH, 8, 8, layer.in_features),
            (BATCH, layer.in_features, 8, 8),
        ]
    if isinstance(layer, (nn.RNNBase,)):
        return [(BATCH, LENGTH, layer.input_size)]
    if isinstance(layer, nn.MultiheadAttention):
        return [(BATCH, LENGTH, layer.embed_dim)]
    if isinstance(layer, nn.LayerNorm):
        return [(BATCH, *inner, *layer.normalized_shape) for inner in ((LENGTH,), (8, 8), ())]
    if isinstance(layer, nn.BatchNorm1d):
        return [(BATCH, layer.num_features, LENGTH), (BATCH, layer.num_features)]
    if isinstance(layer, (nn.BatchNorm2d, nn.InstanceNorm2d)):
        return [(BATCH, layer.num_features, 32, 32)]
    if isinstance(layer, nn.BatchNorm3d):
        return [(BATCH, layer.num_features, 8, 16, 16)]
    if isinstance(layer, nn.GroupNorm):
        return [(BATCH, layer.num_channels, 32, 32)]
    return []


def first_consumer(model: nn.Module) -> Optional[nn.Module]:
    """The first layer, in the order of registration, that wants an input of a certain shape."""
    for layer in model.modules():
        if isinstance(layer, (nn.Embedding, nn.EmbeddingBag)) or consumed_shapes(layer):
            return layer
    return None


def guesses(model: nn.Module, reading: Reading) -> Iterator[Specs]:
    """Inputs to try first, the likeliest first."""
    parameters = forward_parameters(type(model))
    consumer = first_consumer(model)
    shapes = [*consumed_shapes(consumer), *PLAIN] if consumer is not None else list(PLAIN)
    told = {parameter.name for parameter in parameters} & {*reading.axes, *reading.keys, *reading.items}
    for shape in shapes[:TOLD] if told else ():
        yield tuple(read(make(parameter, shape, 10, False), shape, consumer, reading) for parameter in parameters)
    if isinstance(consumer, (nn.Embedding, nn.EmbeddingBag)):
        yield tuple(make(parameter, (BATCH, LENGTH), consumer.num_embeddings, True) for parameter in parameters)
    seen: List[Specs] = []
    for shape in shapes:
        specs = tuple(make(parameter, shape, 10, False) for parameter in parameters)
        if specs not in seen:
            seen.append(specs)
            yield specs


def read(spec: Spec, shape: Shape, consumer: Optional[nn.Module], reading: Reading) -> Spec:
    """An input with the axes that the text of the forward tells; as a list or dictionary where it is taken for one."""
    axes = reading.axes.get(spec.name)
    if spec.kind == "text" and not spec.text.startswith("[torch"):
        return spec
    if axes is not None:
        spec = replace(spec, kind="ints" if spec.kind == "ints" else "float").sized(
            shape_of(axes, width_in(shape, consumer))
        )
    one = spec.expression if spec.shape else f"torch.randn({', '.join(map(str, shape))})"
    keys, count = reading.keys.get(spec.name), reading.items.get(spec.name)
    if keys:
        return Spec(
            spec.name, "text", text="{" + ", ".join(f"{key!r}: {one}" for key in keys) + "}", keyword=spec.keyword
        )
    if count is not None and spec.kind == "float":
        return Spec(spec.name, "text", text=f"[{', '.join([one] * (count or LEVELS))}]", keyword=spec.keyword)
    return spec


def width_in(shape: Shape, consumer: Optional[nn.Module]) -> int:
    """The number of channels in a shape that a layer takes."""
    is_last = isinstance(consumer, (nn.Linear, nn.LayerNorm, nn.MultiheadAttention, nn.RNNBase)) or len(shape) == 3
    return shape[-1] if is_last or len(shape) < 2 else shape[1]


def shape_of(axes: Tuple[str, ...], width: int) -> Shape:
    """The sizes of named axes: the batch comes first, the channels are those that are called so, else the usual
    ones."""
    if len(axes) == 1:
        return (BATCH,)
    wide = next((place for place, axis in enumerate(axes) if place and re.fullmatch(CHANNELS, axis)), None)
    wide = wide if wide is not None else 1 if len(axes) > 3 else len(axes) - 1
    side = {2: LENGTH, 3: LENGTH, 4: 32}.get(len(axes), 8)
    return tuple(BATCH if not place else width if place == wide else side for place in range(len(axes)))


def make(parameter: inspect.Parameter, shape: Shape, high: int, embeds: bool) -> Spec:
    """One input by its parameter's name and hint; `embeds` where the first consumer looks indices up."""
    keyword = parameter.kind is parameter.KEYWORD_ONLY
    kind = input_kind(parameter.name)
    hint = hint_text(parameter.annotation)
    if re.fullmatch(r"(?:typing\.)?(list|List|Sequence|tuple|Tuple)\[int.*\]", hint) or (
        kind == "sides" and "Tensor" not in hint
    ):
        side = SIDE if len(shape) < 4 else shape[-1]
        return Spec(parameter.name, "text", text=f"({side}, {side})", keyword=keyword)
    if "List" in hint or "list[" in hint or "Sequence" in hint or kind == "features" and "Tensor" not in hint:
        size = ", ".join(map(str, shape))
        return Spec(parameter.name, "text", text=f"[torch.randn({size})]", keyword=keyword)
    if kind == "flag" or hint == "bool":
        return Spec(parameter.name, "text", text="False", keyword=keyword)
    if (kind == "number" and "Tensor" not in hint) or hint == "int":
        return Spec(parameter.name, "text", text=str(shape[-1] if len(shape) > 3 else SIDE), keyword=keyword)
    if hint == "float":
        return Spec(parameter.name, "text", text="0.5", keyword=keyword)
    if kind == "mask":
        return Spec(parameter.name, "text", text="None", keyword=keyword)
    if kind == "timesteps":
        return Spec(parameter.name, "ints", (BATCH,), high=10, keyword=keyword)
    if kind == "ids" or embeds:
        return Spec(parameter.name, "ints", (BATCH, LENGTH), high=high, keyword=keyword)
    if kind == "lengths":
        return Spec(parameter.name, "text", text=f"torch.tensor([{LENGTH}, {LENGTH // 2}])", keyword=keyword)
    if kind == "edges":
        return Spec(parameter.name, "ints", (2, 8), high=BATCH, keyword=keyword)
    return Spec(parameter.name, "float", shape, keyword=keyword)


def hint_text(annotation: Any) -> str:
    """A parameter's type hint as text; empty where it has none."""
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else getattr(annotation, "__name__", None) or str(annotation)
