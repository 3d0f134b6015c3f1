"""The words of the routing rules, each with its meaning. Their values stand in data files, in
stored cases and in what ``hotline route --json`` prints, so a value is never changed."""

from __future__ import annotations

from enum import StrEnum


class Destination(StrEnum):
    """To whom a route leads. The order is that in which a person should read the routes."""

    EMERGENCY = "emergency"
    """The emergency number: a child is in danger now."""
    HELPLINE = "helpline"
    CHILD_PROTECTION_UNIT = "child_protection_unit"
    """The unit of the municipality in which the affected child lives."""
    ANTI_TRAFFICKING_UNIT = "anti_trafficking_unit"
    """The unit on trafficking in people, which the country's referral mechanism begins with."""
    SCHOOL_PSYCHOLOGIST = "school_psychologist"
    """Whoever helps children where something is harmful and no offence: at school, or an agency."""
    MANUAL_REVIEW = "manual_review"
    """Our own analysts: facts are missing or in doubt."""
    POLICE = "police"
    """The police of the home country."""
    PROSECUTOR = "prosecutor"
    """The prosecutor's office, whose coordinator for victims protects a child in proceedings."""
    INTERPOL_NCB = "interpol_ncb"
    """INTERPOL's bureau of the home country, which passes it to the police of another."""
    HOTLINE = "hotline"
    """The hotline of the country that hosts it."""
    ICCAM = "iccam"
    """The exchange through which hotlines pass reports on."""
    NCMEC = "ncmec"
    """A clearing house that takes reports by an API, in place of a hotline."""
    PRESERVATION_REQUEST = "preservation_request"
    """The host, asked to keep data for the police before it removes the material."""
    CDN_NOTICE = "cdn_notice"
    """The delivery network in front of the host."""
    PLATFORM = "platform"
    PROVIDER_NOTICE = "provider_notice"
    """The host, by its abuse contact."""
    REGULATOR = "regulator"
    CLOSE = "close"
    """Nobody: the case is closed."""
    SIGNPOST = "signpost"
    """The reporter, who is told who else can help."""

    @property
    def helps_now(self) -> bool:
        """Help for a child goes first and waits for nothing, not even for a stop list."""
        return self in {Destination.EMERGENCY, Destination.HELPLINE}


class Gate(StrEnum):
    """What must have happened before a route may be taken."""

    ASSESSMENT = "assessment"
    """An analyst has assessed the material."""
    PERSON = "person"
    """A person has decided it for this case."""
    POLICE = "police"
    """The police have been told."""
    POLICE_RELEASE = "police_release"
    """The police have said that a removal does not disturb them, or their time is over."""
    NOTICE_DEADLINE = "notice_deadline"
    """The provider has let its time to remove it pass."""


class Urgency(StrEnum):
    IMMEDIATE = "immediate"
    """A child is in danger now."""
    HIGH = "high"
    NORMAL = "normal"


class AssessmentClass(StrEnum):
    """What the analysts found a case to be."""

    UNASSESSED = "unassessed"
    BASELINE = "baseline"
    """Illegal nearly everywhere: a real child, young, severe abuse."""
    NATIONAL = "national"
    """Illegal under the law of this country."""
    NOT_ILLEGAL = "not_illegal"
    CANNOT_DETERMINE = "cannot_determine"

    @property
    def is_illegal(self) -> bool:
        return self in {AssessmentClass.BASELINE, AssessmentClass.NATIONAL}


class GroundName(StrEnum):
    """Grounds of jurisdiction, as the Lanzarote Convention has them in Article 25."""

    TERRITORIALITY = "territoriality"
    """Somebody did it, or keeps it, in the country."""
    ACTIVE_PERSONALITY = "active_personality"
    """The reported person is a national."""
    HABITUAL_RESIDENCE = "habitual_residence"
    """The reported person lives in the country."""
    PASSIVE_PERSONALITY = "passive_personality"
    """The affected child is a national."""
    PASSIVE_RESIDENCE = "passive_residence"
    """The affected child lives in the country."""
    PROSECUTION_WITHOUT_COMPLAINT = "prosecution_without_complaint"
    """How a case may be brought; not that the country has jurisdiction."""
    NOT_ASSESSED = "not_assessed"
    """There are no rules for the country; never in a rules file."""

    @property
    def founds_jurisdiction(self) -> bool:
        return self is not GroundName.PROSECUTION_WITHOUT_COMPLAINT


class Answer(StrEnum):
    """Three values throughout: a missing fact never becomes a "no"."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Condition(StrEnum):
    """What a ground may require besides the facts that lead to the country."""

    DUAL_CRIMINALITY = "dual_criminality"
    """The conduct is punishable where it took place, too."""
    PRESENCE_OR_EXTRADITION = "presence_or_extradition"
    """The reported person is in the country, or can be extradited to it."""


class PlaceFact(StrEnum):
    """The facts that name a country, by their path in the facts."""

    HOSTING_COUNTRY = "hosting_country"
    GENERATED_IN = "generated_in"
    VICTIM_COUNTRY = "victim.country"
    SUSPECT_COUNTRY = "suspect.country"
    SUSPECT_IP_COUNTRY = "suspect.ip_country"
    VICTIM_NATIONALITY = "victim.nationality"
    VICTIM_RESIDENCE = "victim.residence"
    SUSPECT_NATIONALITY = "suspect.nationality"
    SUSPECT_RESIDENCE = "suspect.residence"
