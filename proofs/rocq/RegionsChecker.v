(* An executable checker for certificates of kind regions, as PsdChecker.v is for kind psd.
   RegionsCheckerSound.v proves that what it accepts is true. *)

From Coq Require Import ZArith.
From mathcomp Require Import ssreflect ssrfun ssrbool eqtype ssrnat seq.
From Certnn Require Import Checker PsdChecker PartitionChecker DirectionsChecker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

(* What a leaf has of products with the norm: of each point the vector and the number that its a is
   multiplied with, and those of its b. *)
Record norm_products := NormProducts {
  vectors_a : rows;
  numbers_a : row;
  vectors_b : rows;
  numbers_b : row;
}.

(* Norm products are over the units of multipliers and of X, mu and nu over that and of X again. *)
Record leaf_proof := LeafProof {
  pairs : multipliers;
  norms : norm_products;
  mu : Z;
  nu : Z;
  form_proof : semidefinite_proof;
}.

(* Rows by the signs of their points, which are 0 where they are not fixed. *)
Definition kept (signs : row) (A : rows) : rows :=
  [seq if Z.eqb s.1 0 then s.2 else [::] | s <- zip signs A].
Definition active (signs : row) (A : rows) : rows :=
  [seq if Z.ltb 0 s.1 then s.2 else [::] | s <- zip signs A].
Definition inactive (signs : row) (A : rows) : rows :=
  [seq if Z.ltb 0 s.1 then [::] else map Z.opp s.2 | s <- zip signs A].

Definition diagonal_of (x : row) : rows := mkseq (fun i => ncons i Z0 [:: nth Z0 x i]) (size x).

(* A vector for the numbers beside u, of which there are e, and u; s - |p| is at least |r|. *)
Definition norm_product_fits (e : nat) (vector : row) (number : Z) : bool :=
  let room := Z.sub number (foldr Z.add Z0 (map Z.abs (take e vector))) in
  let r := drop e vector in
  Z.leb 0 room && Z.leb (dot r r) (Z.mul room room).

Definition norm_products_fit (n e d : nat) (given : norm_products) : bool :=
  let: NormProducts ra sa rb sb := given in
  [&& within n (e + d) ra, within n (e + d) rb &
      all (fun i => norm_product_fits e (nth [::] ra i) (nth Z0 sa i) &&
        norm_product_fits e (nth [::] rb i) (nth Z0 sb i)) (iota 0 n)].

Section Leaf.

Variables (beside : bool) (n d : nat) (X : rows) (uX : Z).
(* Z w over its unit. *)
Variables (sigma : row) (uZ : Z).
Variables (height : Z) (uh : Z).

(* The form of Theorems 48 and 51(b) over the unit of multipliers times that of X, squared. *)
Definition leaf_form (signs : row) (leaf : leaf_proof) : rows :=
  let: LeafProof (Multipliers uN Naa Nab Nbb) (NormProducts ra sa rb sb) mu nu _ := leaf in
  let D := beside + d in
  let N := n + (D + 1) in
  let u_partner := Z.mul uN uX in
  let unit := Z.mul u_partner uX in
  let P := transposed D (active signs X) in
  let Q := transposed D (inactive signs X) in
  let partner_a :=
    scaled uX (kept signs (transposed n (plus Naa Nab))) ++
    transposed D (plus (plus (products Naa P) (products Nab Q)) ra) ++
    [:: plus_row sa (map (Z.mul (Z.div u_partner uZ)) sigma)] in
  let partner_b :=
    scaled uX (kept signs (transposed n Nbb)) ++
    transposed D (plus (products Nbb Q) rb) ++ [:: sb] in
  let half :=
    scaled uX (kept signs (transposed n (plus partner_a partner_b))) ++
    plus (products P partner_a) (products Q partner_b) ++ [:: [::]] in
  let h := Z.mul (Z.div unit uh) height in
  let top := Z.sub (Z.sub h mu) (if beside then nu else Z0) in
  plus (diagonal_of (nseq n Z0 ++ nseq beside (Z.mul 2 nu) ++ nseq d (Z.mul 2 mu) ++
      [:: Z.mul 2 top]))
    (scaled (-1) (plus half (transposed N half))).

Definition region_accepted (signs : row) (leaf : leaf_proof) : bool :=
  let u_partner := Z.mul (pairs_unit (pairs leaf)) uX in
  let unit := Z.mul u_partner uX in
  [&& eqn (size signs) n, multipliers_fit n (pairs leaf), norm_products_fit n beside d (norms leaf),
      Z.leb 0 (nu leaf) && divides uZ u_partner && divides uh unit &
      semidefinite (n + (beside + d + 1)) unit (leaf_form signs leaf) (form_proof leaf)].

End Leaf.

(* kappa bounds the dual norm of Z, with a number beside u or without. *)
Definition check_regions (beside : bool) (n d c : nat) (X : rows) (point : dual_point)
    (witness : directions_proof (regions leaf_proof)) : bool :=
  let: DualPoint uX _ _ uZ Z' _ _ := point in
  let: DirectionsProof _ uh given _ := witness in
  [&& within n (beside + d) X && full n c Z', directions_cover c point witness &
      all (fun one =>
        let sigma := map (fun z => dot z (ray one)) Z' in
        regions_accepted n (region_accepted beside n d X uX sigma uZ (height one) uh) (nseq n Z0)
          (shown_by one)) given].

Definition check_by_regions (statement : claim) (point : dual_point)
    (witness : directions_proof (regions leaf_proof)) : bool :=
  verdict_beside (fun beside n d c X => check_regions beside n d c X point witness)
    (ball witness) statement point.
