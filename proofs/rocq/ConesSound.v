(* What a checker of trees of cones accepts covers the space. *)

From Coq Require Import ZArith.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Partition Checker Reading ClaimSound PartitionChecker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Section Theory.

Variables (R : realFieldType) (d : nat) (unit : Z).
Notation of_Z := (@of_Z R).
Notation "'M'" := (@matrix_of R).

(* Rays are rows of integers over the unit. *)
Definition rays_of (k : nat) (rays : rows) : 'M[R]_(d, k) := (of_Z unit)^-1 *: (M k d rays)^T.

Lemma rays_of_replaced k rays (i j j' : 'I_k) p q :
  rays_of k (set_nth [::] rays j'
    (plus_row (map (Z.mul p) (nth [::] rays i)) (map (Z.mul q) (nth [::] rays j)))) =
  replaced (rays_of k rays) j' (mediant (rays_of k rays) i j (of_Z p) (of_Z q)).
Proof.
apply/matrixP => r l; rewrite !mxE nth_set_nth /= -(inj_eq val_inj) /=.
case: eqP => // _; rewrite nth_plus_row of_ZD.
rewrite !(nth_map0 (s0 := Z0)) ?Z.mul_0_r // !of_ZM; ring.
Qed.

Let within_set (rays : rows) j m : all (fun y => (size y <= d)%N) rays -> (size m <= d)%N ->
  all (fun y => (size y <= d)%N) (set_nth [::] rays j m).
Proof.
move=> H md; apply/(all_nthP [::]) => l _; rewrite nth_set_nth /=; case: eqP => // _.
exact: (@nth_size rays l (fun y => (size y <= d)%N)).
Qed.

Section Trees.

Variables (k : nat) (T : Type) (accepted : rows -> T -> bool) (P : 'M[R]_(d, k) -> Prop).
Variable accepted_sound : forall rays w, all (fun y => (size y <= d)%N) rays ->
  accepted rays w -> P (rays_of k rays).

Lemma splits_accepted_sound tree rays : all (fun y => (size y <= d)%N) rays ->
  splits_accepted k accepted rays tree -> Partition.tree P (rays_of k rays).
Proof.
elim: tree rays => [w|i j p q one IH1 other IH2] rays dR.
  by move=> /(accepted_sound dR) H; apply: Partition.leaf.
case/and5P => ij ik jk p0 /and3P[q0 /IH1 H1 /IH2 H2].
have md : (size (plus_row (map (Z.mul p) (nth [::] rays i)) (map (Z.mul q) (nth [::] rays j)))
    <= d)%N.
  rewrite size_merged !size_map geq_max.
  by rewrite !(@nth_size rays _ (fun y => (size y <= d)%N)).
have {}H1 := H1 (within_set j dR md); have {}H2 := H2 (within_set i dR md).
apply: (@Partition.split _ _ _ _ _ (Ordinal ik) (Ordinal jk) (of_Z p) (of_Z q)).
- by [].
- exact: of_Z_gt0.
- exact: of_Z_gt0.
- by rewrite -(@rays_of_replaced k rays (Ordinal ik) (Ordinal jk)).
by rewrite -(@rays_of_replaced k rays (Ordinal ik) (Ordinal jk)).
Qed.

Definition turned (minus : bool) (b : row) : row := if minus then map Z.opp b else b.

Lemma signs_accepted_sound s tree chosen rest : size s = size rest ->
  signs_accepted k accepted chosen rest tree ->
  exists tree', splits_accepted k accepted
    (chosen ++ [seq turned m.1 m.2 | m <- zip s rest]) tree'.
Proof.
elim: rest s tree chosen => [|b rest IH] [|m s] [t|t1 t2] chosen //=.
  by move=> _ H; exists t; rewrite cats0.
case=> sr /andP[/(IH s _ _ sr)[a Ha] /(IH s _ _ sr)[e He]].
by case: m; [exists e|exists a]; rewrite -cat_rcons.
Qed.

End Trees.

(* Theorem 16(c), for trees over all signs of a basis. *)
Theorem cones_cover T (accepted : rows -> T -> bool) (K : 'cV[R]_d -> Prop) basis cones :
  (forall rays w, all (fun y => (size y <= d)%N) rays -> accepted rays w ->
    forall u, in_cone (rays_of d rays) u -> K u) ->
  size basis = d -> all (fun y => (size y <= d)%N) basis -> rays_of d basis \in unitmx ->
  signs_accepted d accepted [::] basis cones -> forall u, K u.
Proof.
move=> sound sb db basis_unit covered u.
have [minus Hu] := first_cones u basis_unit.
pose s := [seq minus j | j <- enum 'I_d].
have ss : size s = size basis by rewrite size_map size_enum_ord sb.
have [tree /= accepted_tree] := signs_accepted_sound ss covered.
set rays := [seq _ | _ <- _] in accepted_tree.
have raysE : rays_of d rays = signed (rays_of d basis) minus.
  apply/matrixP => r l; rewrite /signed mul_mx_diag !mxE.
  rewrite (nth_map (false, [::])) ?size_zip ?ss ?minnn ?sb // nth_zip //=.
  rewrite (nth_map l) ?size_enum_ord // nth_ord_enum /turned; case: (minus l).
    by rewrite (nth_map0 (s0 := Z0)) // of_ZN expr1 mulrN1 mulrN.
  by rewrite expr0 mulr1.
have dR : all (fun y => (size y <= d)%N) rays.
  apply/(all_nthP [::]) => l; rewrite size_map size_zip ss minnn sb => ld.
  have H : (size (nth [::] basis l) <= d)%N by apply: (nth_size l _ db).
  rewrite (nth_map (false, [::])) ?size_zip ?ss ?minnn ?sb // nth_zip //= /turned.
  by case: ifP => _; rewrite ?size_map.
rewrite -raysE in Hu.
pose P (cone : 'M[R]_d) := forall v, in_cone cone v -> K v.
apply: (@tree_covers R d d P K _ (fun leaf H => H) _ u Hu).
exact: (splits_accepted_sound (P := P) sound dR accepted_tree).
Qed.

End Theory.
