"""The words by which people say that a block is residual, or that it is not."""

from __future__ import annotations

import re

SAVED_INPUT = re.compile(
    r"(?:x_|h_|input_|inp_)?(?:residual|residue|identity|shortcut|short_cut|skip|skip_connection|res|identify|resid)"
    r"(?:_x|_in|_input|_out|_connection)?[0-9]?|(?:x|h|inp|input|inputs)_?(?:orig|original|skip|res|residual|shortcut|identity)"
)
"""A local that holds the input until it is added."""

COPY = re.compile(r"(?:residual|shortcut|short_cut|identity|skip)[0-9]?")
"""A local that can be nothing but the input of a branch."""

SHORTCUT_ATTRIBUTE = re.compile(
    r"(?:(?:conv|nin|proj|bn|norm|linear)_?[Ss]hortcut|shortcut|short_cut|skip|downsample|residual|identity|res)"
    r"(?:_?(?:conv|connection|proj|projection|layer|path|branch|add|layers|conv1x1))?[0-9]?"
)
"""A submodule on the shortcut."""

RESIDUAL_FLAG = re.compile(
    r"(?:use_|with_|has_|add_|apply_|enable_|do_)(?:residual|shortcut|skip|identity|skip_connection|residual_connection)s?"
)
"""A switch for the shortcut."""

SHORTCUT_CONDITION = re.compile(
    r"(?:use_|with_|has_|add_|apply_|do_|is_)?(?:res|residual|res_connect|res_connection|shortcut|skip|identity)"
)
"""An attribute that says whether the input can be added."""

SWITCH = re.compile(
    r"(?:use_|with_|has_|add_)?(?:residual|shortcut|short_cut|skip|skip_connection|residual_connection)"
)
"""A parameter of a constructor that says whether there is a shortcut, where it is true or false."""

RESIDUAL_CLASS = re.compile(
    r"_?(?:\w*Residual(?:Conv)?(?:Block|Unit|Layer|Module|Bottleneck|Add|Drop|Wrapper)?|Res(?:Net)?_?(?:Block|Unit|Bottleneck|Layer))"
    r"(?:_?[0-9A-Z]|_?[0-9][dD]|_?[vV][0-9])?"
)
"""A class that says so itself."""

LIKE_RESIDUAL_CLASS = re.compile(
    r"\w*(?:Basic_?Block|Bottleneck)\w*|\w*Residual(?!s)\w*|(?:\w*[a-z0-9_])?Res_?(?:[Nn]e(?:x?t))?(?:[bB]lock|[uU]nit|[lL]ayer)\w*"
    r"|\w*Skip_?(?:Block|Unit|Layer)\w*"
)
"""A class that has a residual block's name, or has the word in its own."""

RESIDUAL_WORD = re.compile(
    r"(?<![A-Za-z])(?:\w+_)?(?:residual|shortcut|skip_connection|use_res(?:_connect)?|res_connect|res_scale)\w*"
)
"""A name in the code of `forward`."""

RESIDUAL_COMMENT = re.compile(
    r"#[^\n]*(?:residual|shortcut|skip[- ]connection|add (?:&|and) norm|残差|跳跃连接|恒等映射|捷径)", re.IGNORECASE
)

STOCHASTIC_DEPTH = re.compile(r"_*(?:drop_?(?:paths?|connect)_?\d?|stochastic_?depth_?\d?|layer_?scale_?\d?|ls_?\d)")
"""A submodule or function that makes sense only on a branch that is added to something."""

CONDITION = re.compile(
    r"emb|time|temb|step|cond|style|pos|mask|bias|speaker|spk|noise|class|label|context|freq|(?:^|_)pe\d?$|^[tcgzsw]$"
)
"""An input of `forward` that tells the block something, beside the one that it works on."""

SIBLING_AFFIX = re.compile(r"(?i)\d+d?|v\d|_|basic|bottleneck|pre|post|act|norm")
"""What two blocks that take each other's place differ in."""

LEAST_STEM = 4
"""How many letters two such names must share."""

RESIDUAL_HINT = re.compile(r"res(?:idual|net|block|unit|layer)|skip|shortcut", re.IGNORECASE)
"""A weaker sign: enough where `x + x` is written already."""

RESIDUAL_DOC = re.compile(r"residual|shortcut|skip[- ]connection|残差|跳跃连接|恒等映射|捷径", re.IGNORECASE)
"""The same in a docstring, where a word alone may mean anything."""

STACKER = re.compile(r"(?:\w*_)?(?:wide_?)?res_?ne(?:x?t|st)(?!.*(?:unet|dense))\w*", re.IGNORECASE)
"""A network of residual blocks."""

NEGATION = re.compile(
    r"plain|no[-_ ]?(?:skip|shortcut|res|residual|identity)(?!\w* (?:if|when|unless)\b)"
    r"|non[-_ ]?residual|without[-_ ]?(?:a[ _])?(?:the[ _])?"
    r"(?:skip|shortcut|short[- ]cut|residual|identity)|not[-_ ]residual|skip[-_ ]?less"
    r"|added?[ -](?:by|in|outside|around)[ -](?:the )?(?:caller|parent|outer|wrapper)|caller adds"
    r"|无残差|不含残差|没有残差|不带残差|无捷径|无跳跃",
    re.IGNORECASE,
)
"""Somebody says that the block is not residual, or that the add is elsewhere."""

OWN_SIGN = re.compile(
    r"residual|(?<![A-Za-z])res_|res_?(?:ne?x?t|block|unit|layer)|skip|shortcut|attention|attn|drop_?path|stochastic_?depth"
    r"|layer_?scale|\bls_?\d|downsample|expansion|basic_?block|bottleneck|add (?:&|and) norm"
    r"|残差|跳跃连接|恒等映射|捷径",
    re.IGNORECASE,
)
"""Any of the signs that stand in the text of the class itself."""
