"""A command that keeps the order of its options: `--object a --point 1,2 --object b --box 1,2,3,4`."""

from typing import Any

from typer.core import TyperCommand

ORDER = "engine.cli.order"
ARGUMENTS = "engine.cli.arguments"


class OrderedCommand(TyperCommand):
    """Leaves in `ctx.meta` every option of the command line, in order, before they are collected by name.

    `ctx.meta[ORDER]` is a tuple of (parameter name, value as typed), one for each occurrence;
    `ctx.meta[ARGUMENTS]` the arguments themselves.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse once for the order and once, as always, for the values."""
        # The same parser reads the line, so `--point=1,2`, `-o OUT` and `--` mean here what they mean there.
        values, _, occurrences = self.make_parser(ctx).parse_args(args=list(args))
        left = {name: list(value) if isinstance(value, list) else [value] for name, value in values.items()}
        ctx.meta[ARGUMENTS] = tuple(args)
        ctx.meta[ORDER] = tuple((one.name, left[one.name].pop(0)) for one in occurrences if left.get(one.name))
        return super().parse_args(ctx, args)
