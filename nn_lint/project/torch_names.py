"""The public classes of `torch.nn`, so that star imports resolve where torch is not installed."""

from __future__ import annotations

_DIMENSIONAL = (
    "AdaptiveAvgPool AdaptiveMaxPool AvgPool BatchNorm CircularPad ConstantPad Conv ConvTranspose Dropout "
    "InstanceNorm LPPool LazyBatchNorm LazyConv LazyConvTranspose LazyInstanceNorm MaxPool MaxUnpool ReflectionPad "
    "ReplicationPad ZeroPad"
).split()

MODULES = frozenset(
    (
        "AdaptiveLogSoftmaxWithLoss AlphaDropout BCELoss BCEWithLogitsLoss Bilinear CELU CTCLoss ChannelShuffle "
        "CosineEmbeddingLoss CosineSimilarity CrossEntropyLoss CrossMapLRN2d DataParallel Dropout ELU Embedding "
        "EmbeddingBag FeatureAlphaDropout Flatten Fold FractionalMaxPool2d FractionalMaxPool3d GELU GLU GRU GRUCell "
        "GaussianNLLLoss GroupNorm Hardshrink Hardsigmoid Hardswish Hardtanh HingeEmbeddingLoss HuberLoss Identity "
        "KLDivLoss L1Loss LSTM LSTMCell LayerNorm LazyLinear LeakyReLU Linear LocalResponseNorm LogSigmoid LogSoftmax "
        "MSELoss MarginRankingLoss Mish Module ModuleDict ModuleList MultiLabelMarginLoss MultiLabelSoftMarginLoss "
        "MultiMarginLoss MultiheadAttention NLLLoss NLLLoss2d PReLU PairwiseDistance ParameterDict ParameterList "
        "PixelShuffle PixelUnshuffle PoissonNLLLoss RMSNorm RNN RNNBase RNNCell RNNCellBase RReLU ReLU ReLU6 SELU "
        "Sequential SiLU Sigmoid SmoothL1Loss SoftMarginLoss Softmax Softmax2d Softmin Softplus Softshrink Softsign "
        "SyncBatchNorm Tanh Tanhshrink Threshold Transformer TransformerDecoder TransformerDecoderLayer "
        "TransformerEncoder TransformerEncoderLayer TripletMarginLoss TripletMarginWithDistanceLoss Unflatten Unfold "
        "Upsample UpsamplingBilinear2d UpsamplingNearest2d"
    ).split()
) | {f"{name}{rank}d" for name in _DIMENSIONAL for rank in (1, 2, 3)}

PARAMETERS = frozenset({"Parameter", "UninitializedParameter"})
"""Classes whose assignment registers a parameter."""

STAR_NAMES = MODULES | PARAMETERS | {"Buffer", "functional", "init", "utils", "parallel", "modules"}
"""What `from torch.nn import *` binds."""

MODULE_ATTRIBUTES = frozenset(
    (
        "T_destination _apply _backward_hooks _backward_pre_hooks _buffers _call_impl _compiled_call_impl "
        "_forward_hooks _forward_hooks_always_called _forward_hooks_with_kwargs _forward_pre_hooks "
        "_forward_pre_hooks_with_kwargs _get_backward_hooks _get_backward_pre_hooks _get_name _is_full_backward_hook "
        "_load_from_state_dict _load_state_dict_post_hooks _load_state_dict_pre_hooks "
        "_maybe_warn_non_full_backward_hook _modules _named_members _non_persistent_buffers_set _parameters "
        "_register_load_state_dict_pre_hook _register_state_dict_hook _replicate_for_data_parallel "
        "_save_to_state_dict _slow_forward _state_dict_hooks _state_dict_pre_hooks _version _wrapped_call_impl "
        "add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval "
        "extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu load_state_dict "
        "modules mtia named_buffers named_children named_modules named_parameters parameters register_backward_hook "
        "register_buffer register_forward_hook register_forward_pre_hook register_full_backward_hook "
        "register_full_backward_pre_hook register_load_state_dict_post_hook register_load_state_dict_pre_hook "
        "register_module register_parameter register_state_dict_post_hook register_state_dict_pre_hook requires_grad_ "
        "set_extra_state set_submodule share_memory state_dict to to_empty train training type xpu zero_grad"
    ).split()
)
"""What every instance of `nn.Module` has, apart from names with two underscores in front."""

LIGHTNING_MODULES = frozenset(
    f"{package}.{name}"
    for package in ("lightning", "lightning.pytorch", "pytorch_lightning", "lightning.pytorch.core", "lightning_fabric")
    for name in ("LightningModule", "core.LightningModule", "core.module.LightningModule")
)


def torch_class(origin: str) -> str | None:
    """The bare name of a class of `torch.nn` from its dotted origin, `None` where the origin is something else."""
    if origin in LIGHTNING_MODULES:
        return "Module"
    parts = origin.split(".")
    if parts[:2] != ["torch", "nn"] or len(parts) < 3:
        return None
    if len(parts) == 3 or (parts[2] in ("modules", "parameter", "parallel") and len(parts) <= 5):
        return parts[-1] if parts[-1][:1].isupper() or parts[-1].startswith("_") else None
    return None


MODULE_NAMES = frozenset(
    (
        "training type to train eval apply float half double cpu cuda bfloat16 forward children modules parameters "
        "buffers state_dict load_state_dict zero_grad add_module share_memory extra_repr dump_patches named_children "
        "named_modules named_parameters named_buffers get_buffer get_parameter get_submodule get_extra_state "
        "set_extra_state register_buffer register_module register_parameter register_backward_hook "
        "register_forward_hook register_forward_pre_hook register_full_backward_hook requires_grad_ to_empty"
    ).split()
)
"""What every module has by `nn.Module`, whatever the release of torch."""
