"""The kinds of pydantic model a scenario is made of: strict records, and records with exactly one key."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator

from fieldsim.scenario.slots import wrong


class Record(BaseModel):
    """A mapping with known keys; anything else is refused, and no value is coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    # a value that is not a mapping stands for {short: value}
    short: ClassVar[str | None] = None

    @model_validator(mode="before")
    @classmethod
    def open_short_form(cls, value: Any) -> Any:
        """Turn the short form into the long one."""
        if cls.short is not None and value is not None and not isinstance(value, dict | BaseModel):
            return {cls.short: value}
        return value


class Choice(Record):
    """A mapping with exactly one key, which says what kind of thing its value is, and keys that may stand beside it."""

    beside: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="after")
    def exactly_one(self) -> Choice:
        """Refuse none or several."""
        names = self.kinds()
        given = [name for name in names if getattr(self, name) is not None]
        if len(given) != 1:
            shown = " and ".join(given) if given else "none"
            raise wrong(f"must have exactly one of the keys {', '.join(names)}; got {shown}. Keep one.")
        return self

    @property
    def chosen(self) -> tuple[str, Any]:
        """The one key and what stands under it."""
        name = next(name for name in self.kinds() if getattr(self, name) is not None)
        return name, getattr(self, name)

    @classmethod
    def kinds(cls) -> list[str]:
        """Return the keys of which one is given."""
        return [name for name in cls.model_fields if name not in cls.beside]
