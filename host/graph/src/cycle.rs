//! An order along the edges, or the cycle that prevents one.

/// Positions in an order in which each comes after its `parents`; otherwise one cycle, each followed by a parent of it.
pub(super) fn order<'a>(count: usize, parents: impl Fn(usize) -> &'a [usize]) -> Result<Vec<usize>, Vec<usize>> {
    let mut children = vec![Vec::new(); count];
    let mut waiting = vec![0_usize; count];
    for (index, waiting) in waiting.iter_mut().enumerate() {
        *waiting = parents(index).len();
        for &parent in parents(index) {
            children[parent].push(index);
        }
    }
    let mut order: Vec<usize> = (0..count).filter(|&index| waiting[index] == 0).collect();
    let mut next = 0;
    while let Some(&index) = order.get(next) {
        next += 1;
        for &child in &children[index] {
            waiting[child] -= 1;
            if waiting[child] == 0 {
                order.push(child);
            }
        }
    }
    match (0..count).find(|&index| waiting[index] > 0) {
        None => Ok(order),
        Some(start) => Err(find_cycle(start, &waiting, parents)),
    }
}

/// Every remaining node has a parent that remains; following these must lead to a cycle.
fn find_cycle<'a>(start: usize, waiting: &[usize], parents: impl Fn(usize) -> &'a [usize]) -> Vec<usize> {
    let mut place = vec![None; waiting.len()];
    let mut path: Vec<usize> = Vec::new();
    let mut index = start;
    loop {
        if let Some(from) = place[index] {
            return path.split_off(from);
        }
        place[index] = Some(path.len());
        path.push(index);
        match parents(index).iter().find(|&&parent| waiting[parent] > 0) {
            Some(&parent) => index = parent,
            None => return path,
        }
    }
}
