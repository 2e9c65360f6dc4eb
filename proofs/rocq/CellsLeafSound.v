(* What CellsChecker.v says of a leaf is true: the points that have a sign in its box, and the
   quadratics of the others (Theorem 52(a)). *)

From Coq Require Import ZArith.
From Certnn Require Import Checker.
From mathcomp Require Import all_ssreflect all_algebra ssrZ ring.
From Certnn Require Import Statement Duality Psd Cells Reading Values ClaimSound PsdCheckerSound.
From Certnn Require Import CellsBoxes CellsBoxesSound CellsChecker.

Set Implicit Arguments.
Unset Strict Implicit.
Unset Printing Implicit Defensive.

Import Order.TTheory GRing.Theory Num.Theory.
Local Open Scope ring_scope.

Lemma edge_unitE : Z.mul edge_unit grid = form_unit.
Proof. by vm_compute. Qed.

Lemma corner_unitE : Z.mul corner_unit grid_square = form_unit.
Proof. by vm_compute. Qed.

Lemma form_unit_gt0 : positive form_unit.
Proof. by vm_compute. Qed.

Lemma twoE : two = Zpos (xO xH).
Proof. by vm_compute. Qed.

Global Opaque form_unit edge_unit corner_unit half_form_unit turn_unit.

Section Points.

Variable R : rcfType.
Notation of_Z := (@of_Z R).
Notation relu := (@relu R).
Notation F := (of_Z form_unit).
Implicit Types (y : seq R) (b : box) (p : point) (m : mixed_point).

Lemma of_two : of_Z two = 2%:R.
Proof. by rewrite twoE. Qed.

Lemma of_form_neq0 : F != 0.
Proof. exact: (of_Z_neq0 R form_unit_gt0). Qed.

Lemma relu_pos (t : R) : 0 <= t -> relu t = t.
Proof. by move=> t0; rewrite /Statement.relu max_r. Qed.

Lemma relu_neg (t : R) : t <= 0 -> relu t = 0.
Proof. by move=> t0; rewrite /Statement.relu max_l. Qed.

(* What a point adds to the sum, and that it is in its interval. *)
Definition added p y : R := of_Z (weight p) * relu (value (coordinates p) y).
Definition reached m y : bool :=
  of_Z (lowest m) <= value (coordinates (of_point m)) y <= of_Z (highest m).

Definition total (linear : Checker.row) (points : seq point) y : R :=
  value linear y + \sum_(p <- points) added p y.

Lemma mirrored_bound (x : Checker.row) (a : Z) y : value x (map -%R y) <= of_Z a ->
  of_Z (Z.opp a) <= value x y.
Proof. by rewrite value_minus of_ZN ler_oppl. Qed.

Lemma sign_of_sound b y p : in_cell b y ->
  let v := value (coordinates p) y in
  match sign_of b (mirrored b) p with
  | Active => 0 <= v : Prop
  | Inactive => v <= 0 : Prop
  | Mixed m => added (of_point m) y = added p y /\ reached m y
  end.
Proof.
case: p => x w octave k l cell v; have minus := mirrored_cell cell; rewrite /sign_of.
set below := Z.opp (corner _ _); set above := corner x b.
have bv : of_Z below <= v by apply/mirrored_bound/corner_sound; case: minus.
have va : v <= of_Z above by apply: corner_sound; case: cell.
case: ifP => [/(of_Z_ge0 R)/le_trans|_]; first exact.
case: ifP => [/(of_Z_le R) a0|_]; first exact: le_trans va a0.
set k' := number_for _ _ _ (mirrored b); set l' := number_for _ _ _ b.
set low_end := Z.max below _; set high_end := Z.min above _.
have lv : of_Z low_end <= v.
  rewrite /low_end; case: (Z.max_spec below (Z.opp (reach (length_for octave k') x (mirrored b))))
    => -[_ ->] //; apply/mirrored_bound/reach_sound => //; exact: length_for_gt0.
have vh : v <= of_Z high_end.
  rewrite /high_end; case: (Z.min_spec above (reach (length_for octave l') x b)) => -[_ ->] //.
  by apply: reach_sound => //; apply: length_for_gt0.
case: ifP => [/(of_Z_ge0 R)/le_trans|_]; first exact.
case: ifP => [/(of_Z_le R) h0|_]; first exact: le_trans vh h0.
by rewrite /reached /= lv vh.
Qed.

Lemma added_active p y linear : 0 <= value (coordinates p) y ->
  value (linear_with p linear) y = value linear y + added p y.
Proof. by move=> v0; rewrite value_plus value_scaled /added relu_pos. Qed.

Lemma added_inactive p y : value (coordinates p) y <= 0 -> added p y = 0.
Proof. by move=> v0; rewrite /added relu_neg ?mulr0. Qed.

Lemma settled_sound b y linear points : in_cell b y ->
  let: (linear', mixed) := settled b linear points in
  total linear points y = total linear' (map of_point mixed) y /\ all (reached^~ y) mixed.
Proof.
move=> cell; rewrite /total; elim: points => [|p points] /=; first by rewrite !big_nil.
rewrite big_cons addrCA; case: (settled b linear points) => linear' mixed [-> A].
have := sign_of_sound p cell; rewrite /settled_point; case: sign_of => [v0|v0|m [<- rm]].
- by rewrite added_active // addrA [added p y + _]addrC.
- by rewrite added_inactive // add0r.
by rewrite /= big_cons addrCA rm A.
Qed.

Lemma kept_points_sound b y linear points : in_cell b y ->
  let: (linear', points') := kept_points b linear points in
  total linear points y = total linear' points' y.
Proof.
move=> cell; rewrite /total; elim: points => [|p points] /=; first by rewrite !big_nil.
rewrite big_cons addrCA; case: (kept_points b linear points) => linear' kept ->.
have := sign_of_sound p cell; rewrite /kept_point; case: ifP => [_ _|_].
  by rewrite big_cons addrCA.
case: sign_of => [v0|v0|m [<- _]].
- by rewrite added_active // addrA [added p y + _]addrC.
- by rewrite added_inactive // add0r.
by rewrite big_cons addrCA.
Qed.

(* Quadratics. *)

Lemma nonnegative_on_sound (l h a b c : Z) (t : R) : nonnegative_on l h a b c ->
  of_Z l <= t -> t <= of_Z h -> 0 <= of_Z a * t ^+ 2 + of_Z b * t + of_Z c.
Proof.
case/and3P => /(of_Z_ge0 R) Hl /(of_Z_ge0 R) Hh H lt th; apply: quadratic_on lt th _ _ _.
- by move: Hl; rewrite !(of_ZD, of_ZM) mulrDl expr2 mulrA.
- by move: Hh; rewrite !(of_ZD, of_ZM) mulrDl expr2 mulrA.
case/or4P: H => H; apply/or4P.
- by constructor 1; move/(of_Z_le R): H.
- by constructor 2; move/(of_Z_ge0 R): H; rewrite of_ZD !of_ZM of_two.
- by constructor 3; move/(of_Z_le R): H; rewrite of_ZD !of_ZM of_two.
by constructor 4; move/(of_Z_le R): H; rewrite !of_ZM expr2.
Qed.

Lemma relu_below (f a b c t : R) : 0 < f -> (t <= 0 -> 0 <= a * t ^+ 2 + b * t + f * c) ->
  (0 <= t -> 0 <= a * t ^+ 2 + (b - f) * t + f * c) ->
  relu t <= a / f * t ^+ 2 + b / f * t + c.
Proof.
move=> f0 left right; rewrite -subr_ge0 -(pmulr_rge0 _ f0); case: (lerP 0 t) => t0.
  by rewrite relu_pos //; apply: ge0_eq (right t0) _; field; rewrite gt_eqF.
by rewrite relu_neg ?(ltW t0) //; apply: ge0_eq (left (ltW t0)) _; field; rewrite gt_eqF.
Qed.

Lemma relu_above (f a b c t : R) : 0 < f -> (t <= 0 -> 0 <= - a * t ^+ 2 + - b * t - f * c) ->
  (0 <= t -> 0 <= - a * t ^+ 2 + - (b - f) * t - f * c) ->
  a / f * t ^+ 2 + b / f * t + c <= relu t.
Proof.
move=> f0 left right; rewrite -subr_ge0 -(pmulr_rge0 _ f0); case: (lerP 0 t) => t0.
  by rewrite relu_pos //; apply: ge0_eq (right t0) _; field; rewrite gt_eqF.
by rewrite relu_neg ?(ltW t0) //; apply: ge0_eq (left (ltW t0)) _; field; rewrite gt_eqF.
Qed.

Lemma scaled_quadratic (f w a b c t : R) :
  w * a / f * t ^+ 2 + w * b / f * t + w * c = w * (a / f * t ^+ 2 + b / f * t + c).
Proof. ring. Qed.

Lemma quadratic_fits_sound (w l h a b c : Z) (t : R) : quadratic_fits w l h a b c ->
  of_Z l <= t -> t <= of_Z h ->
  of_Z w * relu t <=
    of_Z (Z.mul w a) / F * t ^+ 2 + of_Z (Z.mul w b) / F * t + of_Z (Z.mul w c).
Proof.
rewrite /quadratic_fits !(of_ZM _ w) scaled_quadratic => fit lt th; move: fit.
have F1 := of_Z_gt0 R form_unit_gt0.
case: ifP => [/(of_Z_ge0 R) w0|/negbT w0] /andP[left right].
  apply: ler_wpmul2l w0 _ _ _; apply: relu_below F1 _ _ => t0.
    by have := nonnegative_on_sound left lt t0; rewrite (of_ZM _ form_unit).
  by have := nonnegative_on_sound right t0 th; rewrite of_ZB (of_ZM _ form_unit).
have {}w0 : of_Z w <= 0.
  by rewrite -oppr_ge0 -of_ZN (of_Z_ge0 R) //; move: w0; case: (w).
apply: ler_wnmul2l w0 _ _ _; apply: relu_above F1 _ _ => t0.
  by have := nonnegative_on_sound left lt t0; rewrite !of_ZN (of_ZM _ form_unit).
by have := nonnegative_on_sound right t0 th; rewrite !of_ZN of_ZB (of_ZM _ form_unit).
Qed.

(* Of all mixed points. *)
Fixpoint quadratic_sum (xs : rows) (As Bs : Checker.row) y : R :=
  match xs, As, Bs with
  | x :: xs', A :: As', B :: Bs' =>
      of_Z A / F * value x y ^+ 2 + of_Z B / F * value x y + quadratic_sum xs' As' Bs' y
  | _, _, _ => 0
  end.

Lemma named_sound y mixed given xs As Bs sum xs' As' Bs' sum' rest :
  named mixed given (Quadratics xs As Bs sum) = Some (Quadratics xs' As' Bs' sum', rest) ->
  all (reached^~ y) mixed ->
  \sum_(p <- map of_point mixed) added p y + (quadratic_sum xs As Bs y + of_Z sum) <=
    quadratic_sum xs' As' Bs' y + of_Z sum'.
Proof.
elim: mixed given xs As Bs sum => [|[p l h] mixed IH] [|code given] xs As Bs sum //=.
- by case=> <- <- <- <- _ _; rewrite big_nil add0r.
- by case=> <- <- <- <- _ _; rewrite big_nil add0r.
case: (if _ then _ else _) => -[a b] c; case: ifP => // fit /IH H /andP[/andP[lv vh] /H].
have := quadratic_fits_sound fit lv vh; rewrite -subr_ge0 => fitting.
apply: le_trans; rewrite big_cons of_ZD -subr_ge0; apply: ge0_eq fitting _.
rewrite /= /added; ring.
Qed.

Lemma quadratic_sumE xs As Bs y : size As = size xs -> size Bs = size xs ->
  quadratic_sum xs As Bs y = \sum_(i < size xs)
    (of_Z (nth Z0 As i) / F * value (nth [::] xs i) y ^+ 2 +
     of_Z (nth Z0 Bs i) / F * value (nth [::] xs i) y).
Proof.
elim: xs As Bs => [|x xs IH] [|A As] [|B Bs] //=; first by rewrite big_ord0.
by case=> sA [sB]; rewrite big_ord_recl /= IH.
Qed.

Lemma named_sizes mixed given xs As Bs sum xs' As' Bs' sum' rest :
  named mixed given (Quadratics xs As Bs sum) = Some (Quadratics xs' As' Bs' sum', rest) ->
  size As = size xs -> size Bs = size xs -> size As' = size xs' /\ size Bs' = size xs'.
Proof.
elim: mixed given xs As Bs sum => [|[p l h] mixed IH] [|code given] xs As Bs sum //=.
- by case=> <- <- <-.
- by case=> <- <- <-.
case: (if _ then _ else _) => -[a b] c; case: ifP => // _ /IH H sizeA sizeB.
by apply: H => /=; congr _.+1.
Qed.

End Points.
