"""The words of the footer, by language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from fanfare.languages import nearest


class Words(NamedTuple):
    """`reason` says why the reader gets the mail."""

    language: str
    reason: str
    unsubscribe: str


TABLE: Final[Mapping[str, tuple[str, str]]] = {
    "en": ("You get “{topic}” by e-mail.", "Unsubscribe"),
    "de": ("Sie erhalten „{topic}“ per E-Mail.", "Abbestellen"),
    "fr": ("Vous recevez « {topic} » par e-mail.", "Se désabonner"),
    "es": ("Recibe «{topic}» por correo electrónico.", "Darse de baja"),
    "it": ("Ricevi «{topic}» via e-mail.", "Annulla l’iscrizione"),  # noqa: RUF001
    "pt": ("Recebe “{topic}” por e-mail.", "Cancelar a subscrição"),
    "nl": ("U ontvangt ‘{topic}’ per e-mail.", "Uitschrijven"),  # noqa: RUF001
    "pl": ("Otrzymujesz „{topic}” e-mailem.", "Zrezygnuj z subskrypcji"),
    "ja": ("「{topic}」をメールでお送りしています。", "配信停止"),
    "zh-Hans": ("您正在通过电子邮件接收“{topic}”。", "退订"),
    "ar": ("تصلك رسائل «{topic}» عبر البريد الإلكتروني.", "إلغاء الاشتراك"),
    "tr": ("“{topic}” iletilerini e-posta ile alıyorsunuz.", "Abonelikten çık"),  # noqa: RUF001
}
FALLBACK: Final = "en"


def words_for(locale: str | None) -> Words:
    """The words in the language nearest to the reader's."""
    language = nearest(TABLE, locale) or FALLBACK
    return Words(language, *TABLE[language])
