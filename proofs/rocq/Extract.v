(* OCaml of the checker. Z becomes the integers of zarith. *)

From Coq Require Import Extraction ExtrOcamlBasic ExtrOcamlZBigInt.
From Certnn Require Import Checker GroupsChecker.

Extract Constant BinInt.Z.leb => "Big_int_Z.le_big_int".
Extract Constant BinInt.Z.ltb => "Big_int_Z.lt_big_int".

Extraction "checked.ml" check finite.
