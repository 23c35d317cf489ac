"""Words to invent people and companies from; none of them belongs to anybody in particular."""

from __future__ import annotations

_FIRST_NAMES = (
    "Abel Aiko Alba Aldo Alina Amin Anouk Arne Astrid Aziz Basil Beata Bela Bruno Cara Celia Chidi Cleo Dario Delia "
    "Dina Edda Egon Elif Elio Enzo Esme Ewa Farah Felix Flora Gita Gus Hana Hedda Hugo Ilse Imani Ivo Jana Joon Jora "
    "Kaja Keno Kira Laila Lena Leon Lotte Luca Mael Malik Mara Milo Mina Mira Nadia Nico Nils Noor Odin Olga Otto "
    "Paola Piet Quinn Rafa Rhea Rosa Runa Sana Sela Silas Sven Tara Tejo Theo Tilda Uma Urs Vida Vito Wanda Willa "
    "Xenia Yara Yusuf Zeno Zola"
)
_LAST_NAMES = (
    "Abelson Achterberg Alder Amadi Arden Ashdown Balik Barrow Beckford Birk Blaise Borg Brandt Bruun Calder Carver "
    "Castell Corbin Dahl Danso Darrow Delacroix Dovers Drake Eklund Ellery Engel Fairley Falk Farrow Ferro Fjord "
    "Galen Garnet Gilroy Grove Haas Halden Harrow Hollis Ibarra Ingram Jarvi Jessen Kahn Kastner Keller Kimura "
    "Kovac Lachlan Larkin Lindgren Lowell Maddox Marlow Mercer Mistral Monroe Nakata Nash Norling Oakes Odum Orlov "
    "Osei Palmer Pascal Penrose Quist Radek Ramsay Reiter Rowan Sable Salter Sandoval Selby Sorel Stroud Tamm Tanner "
    "Thorne Tolland Ueda Ulrich Vance Varga Verne Wadell Welles Wilder Yarrow Zeller Zorn"
)
_DOMAIN_STARTS = (
    "amber ash bay birch blue bright cedar clear copper coral dawn dune elm fern flint fox gold green grey hazel "
    "iron ivory jade lake larch light lime maple marsh mist moss north oak olive opal pine quartz red reed river sage "
    "silver slate snow south spruce star stone sun teal tide vale west willow wind"
)
_DOMAIN_ENDS = (
    "bank bay beam bridge brook cliff cove craft crest dale den fall field ford forge gate glen grove harbor haven "
    "hill hold holm land leaf line loft mark mill moor peak point pond port ridge rock root shore spring stead vale "
    "view ward watch water way well wick wood works yard"
)
FIRST_NAMES = _FIRST_NAMES.split()
LAST_NAMES = _LAST_NAMES.split()
DOMAIN_STARTS = _DOMAIN_STARTS.split()
DOMAIN_ENDS = _DOMAIN_ENDS.split()
