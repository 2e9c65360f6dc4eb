(* OCaml of the checkers. Z becomes the integers of zarith. *)

From Coq Require Import Extraction ExtrOcamlBasic ExtrOcamlZBigInt.
From Certnn Require Import Checker PartitionChecker RegionsChecker CellsChecker.

Extract Constant BinInt.Z.leb => "Big_int_Z.le_big_int".
Extract Constant BinInt.Z.ltb => "Big_int_Z.lt_big_int".

Extraction "checked.ml" check check_by_partition check_by_regions check_by_cells finite.
