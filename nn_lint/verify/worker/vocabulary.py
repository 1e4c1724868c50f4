"""What the usual parameter names of PyTorch code mean: each pattern covers a whole name, never a part of one."""

from __future__ import annotations

import re
from typing import Optional, Pattern, Tuple


def compiled(*entries: Tuple[str, str]) -> Tuple[Tuple[Pattern[str], str], ...]:
    """Patterns and what they mean, ready before the first process is forked."""
    return tuple((re.compile(pattern), meaning) for pattern, meaning in entries)


# Order matters: the first pattern that covers the whole name decides.
CONSTRUCTOR = compiled(
    (r"(in|img|image|input)_?(chans?|img_channels)|(img|image|input|num_input|n_input)_(channels|chans|nc|ch)", "3"),
    (r"n_?channels|num_channels|channels_in|input_nc|colou?r_channels", "3"),
    (r"output_nc|num_(in|out)_ch", "3"),
    (r"(num|n)_?(class(es)?|labels|outputs|targets|categories)|n_?class(es)?|classes|output_classes|nclass|nc", "10"),
    (r"(num_|n_)?(query_|kv_|attn_|attention_|n_)?heads?|(num|n)_(\w+_)?heads|nheads?|head_num|num_groups_heads", "4"),
    (r"(num_)?(key_value|kv)_heads|num_kv_heads|n_kv_heads", "4"),
    (
        r"(dim|d|size)_(per_)?head|head_(dim|size|width|channels)|d_(k|v|q)|(key|value|query)_dim|dim_key|dim_value",
        "16",
    ),
    (r"(num_|n_)?groups|cardinality|group_num", "1"),
    (r"norm_groups|num_norm_groups|gn_groups|n_norm_groups", "4"),
    (r"group_(size|width)", "16"),
    (r"(\w+_)?(kernel|filter|conv|k)_?(sizes?|width)|kernel|ks|ksize|k|kernel_sz", "3"),
    (r"(\w+_)?strides?|s", "1"),
    (r"(\w+_)?(padding|pad|p_size)", "1"),
    (r"(\w+_)?(dilation|dilation_rate|d_rate|rate_dilation)s?", "1"),
    (r"output_padding", "0"),
    (r"padding_mode", '"zeros"'),
    (r"padding_idx", "None"),
    (
        r"(\w+_)?(depth|repeats|iterations|iters|steps|stages)|n|L|(num|n|nb)_?(\w+_)?(layers?|blocks?|stages|repeats|res)",
        "2",
    ),
    (r"layer_(idx|id|num|index)|block_(idx|id|index)|layer|stage_(idx|index)|index|idx|level", "0"),
    (r"(num_|n_)?(layers|blocks|depths|layer_num|num_blocks)", "[2, 2, 2, 2]"),
    (
        r"(\w+_)?vocab(ulary)?(_size)?|(num|n)_?(tokens?|embeddings?|words|vocab)|vocab_sz|ntokens?|src_vocab|tgt_vocab",
        "100",
    ),
    (r"(num|n)_?(experts?|codes|codebooks?|queries|clusters|prototypes|slots|mixtures|components)|codebook_size", "4"),
    (r"top_?k|k_experts", "2"),
    (r"(max_)?(seq|sequence|source|target|src|tgt|context|text|ctx|position)(_?s)?_?(len|length|size)(gth)?", "32"),
    (
        r"max_?(len|length|position_embeddings|positions|pos|seqlen|sequence_length)|block_size|seqlen|T|context|length",
        "32",
    ),
    (
        r"(img|image|input|spatial|patch_grid)_?(size|res|resolution|shape|dim)|resolution|input_resolution|size|res",
        "32",
    ),
    (r"(img|image|input)_?(h|w|height|width)|height|width|h|w|H|W", "32"),
    (r"feat(ure)?_size|fmap_size|grid_size", "8"),
    (r"patch(_size|es)?|p1|p2|tubelet_size", "4"),
    (r"window(_size)?|ws|win_size|local_size|shift_size|pool_size|output_size", "4"),
    (r"num_(frames|patches|points|positions)|n_(frames|patches|points)|n_?tokens_len|frames", "16"),
    (
        r"(\w+_)?(drop|dropout|drop_?out|dropouts|drop_path|droppath)(_?(rate|prob|p|ratio))?|(\w+_)?(dropout|drop)_\w+|pdrop|p",
        "0.1",
    ),
    (r"(mlp|ffn|ff|hidden|expand|expansion)_?(ratio|mult|factor|expansion)|expansion|mult|mlp_dim_ratio", "4"),
    (r"(se|rd|reduction|squeeze|bottle|r)_?(ratio|factor|rate)?", "4"),
    (
        r"(width|depth|channel)_(mult|multiplier|multiple)|alpha|beta|gamma|lambda_?|lamda|scale|temperature|tau|momentum",
        "1.0",
    ),
    (r"(upscale|scale|upsample|downsample|up|down|sampling)_?(factor|rate|ratio|scale)|ratio|factor|r", "2"),
    (r"(\w+_)?eps(ilon)?", "1e-5"),
    (r"(init|layer)_?(values?|scale)(_init_value)?|init_std|std|sigma|margin|lr|learning_rate|weight_decay", "0.1"),
    (r"(spatial_dims|ndim|n_dims|num_dims|dims|ndims)", "2"),
    (r"bias|(qkv|use|with|conv|attn)_bias|affine|learnable|batch_first|training", "True"),
    (
        r"(use|with|is|has|do|no|return|add|apply|enable)_\w+|pretrained|inplace|causal|bidirectional|bilinear|downsample_flag",
        "False",
    ),
    (r"verbose|debug|last|first|final|is_last|residual|deploy|transpose|upsample", "False"),
    (r"device", '"cpu"'),
    (r"dtype", "torch.float32"),
    (
        r"(act|activation|nonlinearity|non_linearity|nonlin|act_fn|actv|act_func|act_name|activation_fn)(_name|_type)?",
        "nn.ReLU()",
    ),
    (r"(act|activation|nonlinearity|actv)_?(layer|cls|class|func|fn)", "nn.ReLU"),
    (r"(norm|normalization|bn|normalize)(_?(layer|cls|class|func|fn|type|op))?", "nn.BatchNorm2d"),
    (r"(conv|conv_?layer|conv_?cls|conv_?op)", "nn.Conv2d"),
    (r"(dw|depth_?wise)_\w+", "3"),
    (r"(config|cfg|conf|args|opts?|options?|hparams|params|hyper_?params|model_args|configs)", "SimpleNamespace()"),
    (
        r"(model|net|network|backbone|encoder|decoder|module|fn|func|submodule|layer|body|head|stem|inner|mod|base|f|transform)",
        "nn.Identity()",
    ),
    (
        r"(base_model|feature_extractor|trunk|neck|attn|attention|mlp|ffn|generator|discriminator|embedding|teacher|student)",
        "nn.Identity()",
    ),
    (r"(modules|models|encoders|submodules|fns|functions|sublayers)", "[nn.Identity()]"),
    (
        r"(shortcut|downsample|skip|identity|mask|weights?_path|checkpoint|ckpt|weights|pretrained_path|state_dict)",
        "None",
    ),
    (r"(\w+_)?(name|mode|type|method|variant|arch|strategy|kind)", '"mean"'),
    (
        r"(\w+_)?(hidden|mid|inner|expanded|bottleneck|intermediate|feed_?forward|ffn?|mlp)_?\w*(dims?|size|channels?|features|ch|planes|chs)",
        "64",
    ),
    (
        r"(\w+_)?(dims|channels_list|filters_list|in_channels_list|embed_dims|hidden_dims|hidden_sizes|features_list|widths)",
        "[16, 32, 64, 64]",
    ),
    (
        r"(\w+_)?(dims?|features?|chan(nel)?s?|chs?|planes?|filters?|feats?|width|units?|embed|maps|fmaps|size|hidden|nf|nc|nz)",
        "64",
    ),
    (
        r"(dims?|d|c|f|n|e|ch|emb|channels?|filters|cin|cout|c_?in|c_?out|c1|c2|ci|co|inp|oup|inc|outc|ic|oc|ngf|ndf|nf|nz)(_?\w{0,3})?",
        "64",
    ),
    (
        r"(d|dim|n|ch|c|num|size|nb|nhid|ninp|n_\w+|emb)_?(model|embed|embd|emb|hidden|inner|in|out|hid|inp|ff|state|ffn|input|output|feat|features|filters|channels|chan|dim|size|head_in|units|inputs|outputs|f|kv|cond|context|time|latent|z|ch|planes|mid|k|v|q|a|b)",
        "64",
    ),
    (
        r"in_?planes|inplanes|outplanes|in_?(ch|c|chs|chans|dim|dims|size|features?|f|plane|channel|filters)|out_?(ch|c|chs|chans|dim|dims|size|features?|f|plane|channel|filters)",
        "64",
    ),
    (
        r"(in|out|inputs?|outputs?|latent|hidden|embedding|embed|emb|context|cond|time|z|feature|state|token|code|word)(_?(dims?|size|features?|channels?|d))?",
        "64",
    ),
    (r"normalized_shape|num_features|features|dim_\w+", "64"),
)

# What a forward's parameter is, by its name.
INPUTS = compiled(
    (r"(\w+_)?(mask|masks)", "mask"),
    (
        r"(\w+_)?(ids|tokens?|token_ids|indices|index|labels|words|sentence|sentences|caps|captions|text|texts|src_seq|trg_seq)|idx|targets?",
        "ids",
    ),
    (r"t|timesteps?|time_?steps?|time|steps?|sigmas?|noise_level", "timesteps"),
    (r"(\w+_)?edge_index", "edges"),
    (r"(\w+_)?(lengths?|lens)", "lengths"),
    (r"train(ing)?|return_\w+|use_\w+|is_\w+|need_\w+|\w+_only|deterministic|verbose|causal", "flag"),
    (r"(\w+_)?(features_list|feats|features|xs|inputs_list|feature_maps|pyramid|feat_list)", "features"),
    (r"(\w+_)?(feat|img|image|grid|spatial|patch|input)?_?(size|shape|hw|resolution)|hw|size|shape", "sides"),
    (r"h|w|height|width|H|W|(num|n)_\w+|out_?size|length|T", "number"),
)


# The axes of inputs that stand beside others, by their names.
AXES = compiled(
    (r"(t|time|timestep|step|cond|style|label|class|pooled)_?emb(ed(ding)?s?)?|emb|vec|conditioning", "b c"),
    (r"(\w+_)?hidden_states?|memory|tgt|src|query|key|value|q|k|v|queries|keys|values|context", "b n c"),
)


def axes_of(name: str) -> Tuple[str, ...]:
    """The names of an input's axes by its own name; none for one that means nothing in particular."""
    return next((tuple(axes.split()) for pattern, axes in AXES if pattern.fullmatch(name)), ())


def constructor_value(name: str) -> Optional[str]:
    """An expression for a constructor parameter of this name; None for a name that means nothing in particular."""
    for pattern, text in CONSTRUCTOR:
        if pattern.fullmatch(name):
            return text
    return None


def input_kind(name: str) -> str:
    """What a forward's parameter of this name is; `tensor` where the name says nothing."""
    for pattern, kind in INPUTS:
        if pattern.fullmatch(name):
            return kind
    return "tensor"
